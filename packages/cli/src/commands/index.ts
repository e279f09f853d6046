import type { Command } from "../command.js";
import { apply } from "./apply.js";
import { auditKey, auditList, auditVerify } from "./audit.js";
import { conformMcias } from "./conform.js";
import { exporting } from "./export.js";
import { importing } from "./import.js";
import { keysList, keysRekey, keysRotate, keysWithdraw } from "./keys.js";
import { serve } from "./serve.js";
import { setup } from "./setup.js";
import { tour } from "./tour.js";

/** Every command, in the order of the help. A name may have two words. */
export const commands: Readonly<Record<string, Command>> = {
  serve,
  apply,
  setup,
  export: exporting,
  import: importing,
  "keys list": keysList,
  "keys rotate": keysRotate,
  "keys withdraw": keysWithdraw,
  "keys rekey": keysRekey,
  "audit list": auditList,
  "audit verify": auditVerify,
  "audit key": auditKey,
  "conform mcias": conformMcias,
  tour,
};
