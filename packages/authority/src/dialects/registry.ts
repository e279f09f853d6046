import { mciasModule } from "./mcias/module.js";
import type { WireModule } from "./wire-module.js";

/** Every wire that this authority speaks. A new dialect adds its line here. */
export const wires: readonly WireModule<unknown>[] = [mciasModule];
