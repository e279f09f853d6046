import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The secrets of the tour. They are made anew each time, and never printed. */
export interface TourSecrets {
  readonly root: string;
  readonly otto: string;
  /** Base32, as an authenticator app has it. */
  readonly ottoTotp: string;
  readonly alice: string;
  readonly database: string;
}

export function newSecrets(): TourSecrets {
  const password = () => randomBytes(18).toString("base64url");
  return { root: password(), otto: password(), ottoTotp: newTotpSecret(), alice: password(), database: password() };
}

/** A letter of base32 is five bits, so each byte gives one. */
function newTotpSecret(): string {
  return [...randomBytes(32)].map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".charAt(byte & 31)).join("");
}

/**
 * Writes a house file of two people, and their secrets in files beside it, as an operator would.
 *
 * @returns the path of the house file
 */
export async function writeHouse(folder: string, secrets: TourSecrets): Promise<string> {
  const house = {
    accounts: [
      { username: "root", password: { file: "root.password" }, roles: ["admin"] },
      { username: "otto", password: { file: "otto.password" }, totp: { file: "otto.totp" } },
    ],
    mcias: { profile: "seed" },
  };
  const files = {
    "house.json": JSON.stringify(house, undefined, 2),
    "root.password": secrets.root,
    "otto.password": secrets.otto,
    "otto.totp": secrets.ottoTotp,
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), `${content}\n`, { mode: 0o600 });
  }
  return join(folder, "house.json");
}
