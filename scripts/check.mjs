// `npm run check`: all that can be told without running the code. With `--write` what a tool can put right is put right.
import { check } from "./checks.mjs";

const { failed } = await check({ write: process.argv.includes("--write") });
process.exitCode = failed === 0 ? 0 : 1;
