import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import type { LoginResponse, RegistrationResponse } from "@cardea/mcias/extended";

/** A WebAuthn authenticator and the browser in front of it, in software: what they send, and what they must not. */
export interface Authenticator {
  readonly credentialId: string;
  /** How often it has signed; set it to plant a clone. */
  counter: number;
  register(challenge: string, twist?: Twist): RegistrationResponse;
  login(challenge: string, twist?: Twist): LoginResponse;
}

/** What is wrong, or other than usual, with an answer. */
export interface Twist {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  /** User present, user verified. */
  readonly flags?: { readonly up?: boolean; readonly uv?: boolean };
  readonly attestation?: "none" | "packed";
  /** Changes a bit of the signature. */
  readonly forged?: boolean;
  readonly credentialId?: string;
}

export type KeyKind = "ES256" | "Ed25519";

export function newAuthenticator(
  origin: string,
  kind: KeyKind,
  { counts = true }: { readonly counts?: boolean } = {},
): Authenticator {
  const { privateKey, publicKey } =
    kind === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  const id = randomBytes(32);
  const self: Authenticator = {
    credentialId: id.toString("base64url"),
    counter: counts ? 1 : 0,
    register(challenge, twist = {}) {
      const client = clientData(twist.type ?? "webauthn.create", challenge, twist.origin ?? origin);
      const key = coseKey(publicKey, kind);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const data = authenticatorData(
        twist,
        origin,
        self.counter,
        0x40,
        Buffer.concat([Buffer.alloc(16), length, id, key]),
      );
      const packed = twist.attestation === "packed";
      const signature = signed(privateKey, kind, data, client, twist);
      const statement = packed
        ? map([
            ["alg", cbor(algorithms[kind])],
            ["sig", bytes(signature)],
          ])
        : map([]);
      const object = map([
        ["fmt", text(packed ? "packed" : "none")],
        ["attStmt", statement],
        ["authData", bytes(data)],
      ]);
      return {
        id: self.credentialId,
        rawId: self.credentialId,
        type: "public-key",
        clientExtensionResults: { credProps: { rk: true } },
        authenticatorAttachment: "cross-platform",
        response: {
          clientDataJSON: client.toString("base64url"),
          attestationObject: object.toString("base64url"),
          transports: ["usb"],
        },
      };
    },
    login(challenge, twist = {}) {
      if (counts) self.counter += 1;
      const client = clientData(twist.type ?? "webauthn.get", challenge, twist.origin ?? origin);
      const data = authenticatorData(twist, origin, self.counter, 0, Buffer.alloc(0));
      const credentialId = twist.credentialId ?? self.credentialId;
      return {
        id: credentialId,
        rawId: credentialId,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: signed(privateKey, kind, data, client, twist).toString("base64url"),
        },
      };
    },
  };
  return self;
}

const algorithms = { ES256: -7, Ed25519: -8 } as const;

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

function authenticatorData(twist: Twist, origin: string, counter: number, flags: number, rest: Buffer): Buffer {
  const head = Buffer.alloc(37);
  hash(Buffer.from(twist.rpId ?? new URL(origin).hostname)).copy(head);
  head[32] = flags | (twist.flags?.up === false ? 0 : 0x01) | (twist.flags?.uv === false ? 0 : 0x04);
  head.writeUInt32BE(counter, 33);
  return Buffer.concat([head, rest]);
}

function signed(key: KeyObject, kind: KeyKind, data: Buffer, client: Buffer, { forged = false }: Twist): Buffer {
  const signature = sign(kind === "ES256" ? "sha256" : null, Buffer.concat([data, hash(client)]), key);
  if (forged) signature[signature.length - 1]! ^= 1;
  return signature;
}

function hash(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

/** RFC 9052, 7: the public key as an authenticator writes it. */
function coseKey(key: KeyObject, kind: KeyKind): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const part = (value: string) => bytes(Buffer.from(value, "base64url"));
  return kind === "ES256"
    ? map([
        [1, cbor(2)],
        [3, cbor(-7)],
        [-1, cbor(1)],
        [-2, part(x)],
        [-3, part(y)],
      ])
    : map([
        [1, cbor(1)],
        [3, cbor(-8)],
        [-1, cbor(6)],
        [-2, part(x)],
      ]);
}

/* RFC 8949, as much of it as an authenticator needs. */

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.of((major << 5) | length);
  if (length < 256) return Buffer.of((major << 5) | 24, length);
  return Buffer.of((major << 5) | 25, length >> 8, length & 0xff);
}

function cbor(value: number): Buffer {
  return value < 0 ? head(1, -1 - value) : head(0, value);
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([head(2, value.length), value]);
}

function text(value: string): Buffer {
  return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
}

function map(entries: readonly (readonly [string | number, Buffer])[]): Buffer {
  const pairs = entries.flatMap(([key, value]) => [typeof key === "string" ? text(key) : cbor(key), value]);
  return Buffer.concat([head(5, entries.length), ...pairs]);
}
