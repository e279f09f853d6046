import { inspect } from "../floors.mjs";

const problems = inspect();
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
