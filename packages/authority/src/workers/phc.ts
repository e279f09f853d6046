/** What one Argon2id hash costs. */
export interface HashParameters {
  readonly memoryKiB: number;
  readonly iterations: number;
  readonly parallelism: number;
}

/** Bytes that a new hash has. */
export const saltBytes = 16;
export const outputBytes = 32;

/** The most that a stored hash may ask for. One that asks for more, such as an imported one, is never computed. */
const most = { length: 256, memoryKiB: 262_144, iterations: 16, parallelism: 16 } as const;

const shape =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

/**
 * The parameters of a hash in PHC form (`$argon2id$v=19$m=...,t=...,p=...$salt$hash`).
 *
 * @returns `undefined` for any other text, and where to compute the hash would take more memory or time than a stored
 * hash may ask for
 */
export function readPhc(phc: string): HashParameters | undefined {
  if (phc.length > most.length) return undefined;
  const parts = shape.exec(phc);
  if (parts === null) return undefined;
  const [memoryKiB, iterations, parallelism] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const bounded = memoryKiB <= most.memoryKiB && iterations <= most.iterations && parallelism <= most.parallelism;
  // RFC 9106, section 3.1: a lane has eight blocks at least.
  return bounded && memoryKiB >= 8 * parallelism ? { memoryKiB, iterations, parallelism } : undefined;
}

/** A hash that no password has, and that costs as much to find so as a real one of these parameters. */
export function decoyPhc(parameters: HashParameters, random: (bytes: number) => Uint8Array): string {
  const { memoryKiB, iterations, parallelism } = parameters;
  const [salt, output] = [random(saltBytes), random(outputBytes)].map(unpadded);
  return `$argon2id$v=19$m=${memoryKiB},t=${iterations},p=${parallelism}$${salt}$${output}`;
}

export function sameCost(a: HashParameters, b: HashParameters): boolean {
  return a.memoryKiB === b.memoryKiB && a.iterations === b.iterations && a.parallelism === b.parallelism;
}

/** Whether a stored hash may have these parameters: what cannot be read back must not be written. */
export function withinBounds(parameters: HashParameters): boolean {
  return readPhc(decoyPhc(parameters, (bytes) => new Uint8Array(bytes))) !== undefined;
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
