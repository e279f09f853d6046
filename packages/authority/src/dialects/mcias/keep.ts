import type { KeepDeps } from "../wire-module.js";
import type { McIasSection } from "./section.js";

/** Hashes of operators take turns with those of networks. */
const turn = "operator";

/** Puts the hash of the vault's passphrase in its place: the former one where it is the same passphrase. */
export async function keepSection(section: McIasSection, deps: KeepDeps<McIasSection>): Promise<McIasSection> {
  const { vault, ...plain } = section;
  if (vault === undefined || "passphraseHash" in vault) return section;
  const passphrase = (await deps.secret(vault.passphrase, "mcias.vault.passphrase")).expose();
  const former = deps.former?.vault;
  const known = former !== undefined && "passphraseHash" in former ? former.passphraseHash : undefined;
  const same = known !== undefined && (await deps.hashes.verify(known, passphrase, turn));
  return { ...plain, vault: { passphraseHash: same ? known : await deps.hashes.hash(passphrase, turn) } };
}
