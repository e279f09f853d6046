import { isAbsolute, relative } from "node:path";

/** A path as a person would type it: short where it lies below the folder that they stand in. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}
