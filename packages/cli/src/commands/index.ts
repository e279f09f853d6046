import type { Command } from "../command.js";
import { apply } from "./apply.js";
import { serve } from "./serve.js";
import { setup } from "./setup.js";
import { tour } from "./tour.js";

/** Every command, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = { serve, apply, setup, tour };
