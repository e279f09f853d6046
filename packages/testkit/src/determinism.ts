import { SeededRandom } from "@cardea/core/simulate";

/** The PKCS #8 form (RFC 8410) of an Ed25519 private key of 32 bytes. */
export function ed25519Pkcs8(privateKey: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), privateKey]);
}

/** UUIDs that count: deterministic, and recognised at a glance. @param group tells those of one purpose apart */
export function countingUuids(group: number): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${group.toString(16).padStart(8, "0")}-0000-4000-8000-${count.toString(16).padStart(12, "0")}`;
  };
}

/** Ids and a signing key that follow from a seed: what an authority makes of the same requests is the same. */
export function seeded(seed: number) {
  const random = new SeededRandom(seed);
  const [shown, rows, keys] = [random.fork(), random.fork(), random.fork()];
  const privateKey = ed25519Pkcs8(keys.bytes(32));
  return {
    ids: { uuid: () => uuidFrom(shown.bytes(16)), rowId: () => uuidFrom(rows.bytes(16)) },
    signingKey: (algorithm: string) => (algorithm === "EdDSA" ? privateKey : undefined),
  };
}

/** RFC 9562, version 4. */
function uuidFrom(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `${variant}${hex.slice(18, 20)}`];
  return [...parts, hex.slice(20)].join("-");
}
