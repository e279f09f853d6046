/**
 * Makes the certificates of a local authority. Loaded only when there is one to make: it brings an ASN.1 library along.
 */
import { createHash, createPrivateKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { permits, type Permitted, type ServerNames } from "./names.js";

/** A certificate and its private key, in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface IssueContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: (bytes: number) => Uint8Array;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const authorityDays = 3653;
/** Browsers refuse more than 398, in some cases of private authorities too. */
const serverDays = 397;
/** For clients whose clocks are behind. */
const backdatedMs = hourMs;

/** A new certificate authority that can vouch for nothing but what is permitted, and for no further authority. */
export function issueAuthority(permitted: Permitted, { now, random }: IssueContext): Issued {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = commonName(`Cardea local CA ${Buffer.from(random(4)).toString("hex")}`);
  const bases = [
    ...permitted.names.map((name) => new GeneralName({ dNSName: name })),
    ...permitted.networks.map((network) => new GeneralName({ iPAddress: network })),
  ];
  const constraints = new NameConstraints({
    permittedSubtrees: new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base }))),
  });
  return certify({
    subject,
    publicKey: pair.publicKey,
    privateKey: pair.privateKey,
    issuer: { subject, publicKey: pair.publicKey, privateKey: pair.privateKey },
    serial: serialFrom(random),
    notBefore: now - backdatedMs,
    notAfter: now - backdatedMs + authorityDays * dayMs,
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
      extension(id_ce_nameConstraints, true, constraints),
    ],
  });
}

/** A new key and certificate for a server of these names, good for 397 days at most. */
export function issueServer(authority: Issued, { names, addresses }: ServerNames, context: IssueContext): Issued {
  const { now, random } = context;
  const ca = new X509Certificate(authority.cert);
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alternatives = new SubjectAlternativeName([
    ...names.map((name) => new GeneralName({ dNSName: name })),
    ...addresses.map((address) => new GeneralName({ iPAddress: address })),
  ]);
  return certify({
    subject: commonName("Cardea authority"),
    publicKey: pair.publicKey,
    privateKey: pair.privateKey,
    issuer: {
      subject: AsnConvert.parse(ca.raw, Certificate).tbsCertificate.subject,
      publicKey: ca.publicKey,
      privateKey: createPrivateKey(authority.key),
    },
    serial: serialFrom(random),
    notBefore: now - backdatedMs,
    notAfter: Math.min(now - backdatedMs + serverDays * dayMs, Date.parse(ca.validTo)),
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints()),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_subjectAltName, false, alternatives),
    ],
  });
}

/** Whether an authority may vouch for all of these names. One without constraints, made elsewhere, may for any. */
export function mayVouchFor(authority: X509Certificate, names: ServerNames): boolean {
  const { extensions } = AsnConvert.parse(authority.raw, Certificate).tbsCertificate;
  const found = extensions?.find(({ extnID }) => extnID === id_ce_nameConstraints);
  if (found === undefined) return true;
  const bases = [...(AsnConvert.parse(found.extnValue, NameConstraints).permittedSubtrees ?? [])].map(
    ({ base }) => base,
  );
  const permitted = {
    names: bases.flatMap(({ dNSName }) => dNSName ?? []),
    networks: bases.flatMap(({ iPAddress }) => iPAddress ?? []),
  };
  return permits(permitted, names);
}

interface Blank {
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly issuer: { readonly subject: Name; readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly serial: ArrayBuffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Extension[];
}

/** RFC 5280 with ECDSA over SHA-256. */
function certify(blank: Blank): Issued {
  const algorithm = new AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: blank.serial,
    signature: algorithm,
    issuer: blank.issuer.subject,
    validity: new Validity({ notBefore: new Date(blank.notBefore), notAfter: new Date(blank.notAfter) }),
    subject: blank.subject,
    subjectPublicKeyInfo: publicKeyInfo(blank.publicKey),
    extensions: new Extensions([
      ...blank.extensions,
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(blank.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(blank.issuer.publicKey)) }),
      ),
    ]),
  });
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), blank.issuer.privateKey);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bufferOf(signature),
  });
  return {
    cert: new X509Certificate(new Uint8Array(AsnConvert.serialize(certificate))).toString(),
    key: blank.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: "2.5.4.3", value })])]);
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ format: "der", type: "spki" }), SubjectPublicKeyInfo);
}

/** RFC 5280, section 4.2.1.2, method 1. SHA-1 is a name here and protects nothing. */
function keyIdentifier(key: KeyObject): ArrayBuffer {
  return bufferOf(
    createHash("sha1")
      .update(new Uint8Array(publicKeyInfo(key).subjectPublicKey))
      .digest(),
  );
}

/** Sixteen bytes that read as a positive number without a leading zero. */
function serialFrom(random: IssueContext["random"]): ArrayBuffer {
  const serial = Uint8Array.from(random(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.buffer;
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
