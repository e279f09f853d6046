import { CardeaError, type Clock } from "@cardea/core";
import { readCertificate, readKey, validityOf } from "./pem-file.js";

export interface GivenTls {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: Clock;
}

/**
 * The certificate that an operator brings along, with those of its issuers where the file has them, and its key.
 *
 * @returns both in PEM, as in the files
 * @throws CardeaError `tls_file_missing`, `tls_file_unreadable`, `tls_file_malformed`, `tls_key_mismatch`,
 * `tls_certificate_expired`, `tls_certificate_not_yet_valid`
 */
export async function readTls({ certPath, keyPath, clock }: GivenTls): Promise<{ cert: string; key: string }> {
  const cert = (await readCertificate(certPath)) ?? missing(certPath);
  const key = (await readKey(keyPath)) ?? missing(keyPath);
  if (!cert.certificate.checkPrivateKey(key.key)) {
    throw new CardeaError(`the key in ${keyPath} does not belong to the certificate in ${certPath}`, {
      code: "tls_key_mismatch",
      help: "Give the two files of one pair. The server's own certificate comes first in its file.",
    });
  }
  const { from, to } = validityOf(cert.certificate);
  const now = clock.now();
  if (now < from) {
    throw new CardeaError(`the certificate in ${certPath} is not valid before ${cert.certificate.validFrom}`, {
      code: "tls_certificate_not_yet_valid",
      help: "Check the clock of this machine.",
    });
  }
  if (now > to) {
    throw new CardeaError(`the certificate in ${certPath} is over since ${cert.certificate.validTo}`, {
      code: "tls_certificate_expired",
      help: "Renew it and start again.",
    });
  }
  return { cert: cert.pem, key: key.pem };
}

function missing(path: string): never {
  throw new CardeaError(`there is no file ${path}`, { code: "tls_file_missing" });
}
