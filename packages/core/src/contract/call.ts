import type { Io } from "../io.js";
import type { Exchange, Target } from "./operation.js";

/**
 * Carries out one operation: encodes the input, sends it, decodes the reply.
 *
 * @throws InputError where the input cannot be sent
 * @throws TransportError where no usable answer came
 * @throws RefusedError where the service says no
 * @throws DecodeError where the reply breaks the contract
 */
export async function call<Input, Output>(
  io: Io,
  target: Target,
  exchange: Exchange<Input, Output>,
  input: Input,
): Promise<Output> {
  return exchange.decode(await io.call(exchange.encode(input, target)), target);
}
