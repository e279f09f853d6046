/** What stands for itself in SQL text, whatever is inside: strings, quoted names, comments. Or a parameter, or `;`. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|\?\d*|[:@$]\w+|;/g;

/** The body of a trigger is the one place where `;` does not end a statement. */
const trigger = /^\s*create\s+(?:temp\w*\s+)?trigger\b/i;

/**
 * Counts the parameters of one statement. The engine itself takes a missing parameter for NULL and passes over whatever
 * follows the first statement, so both are found here.
 *
 * @throws TypeError where text follows the statement, or a parameter is anything but a plain `?`
 */
export function countParameters(sql: string): number {
  let count = 0;
  for (const { 0: token, index } of sql.matchAll(tokens)) {
    if (token === "?") count += 1;
    else if (token === ";") refuseMore(sql, index);
    else if (/^[?:@$]/.test(token)) throw new TypeError(`SQL parameter ${token}: only plain ? parameters are taken`);
  }
  return count;
}

function refuseMore(sql: string, end: number): void {
  if (trigger.test(sql) || sql.slice(end + 1).trim() === "") return;
  throw new TypeError("SQL text holds more than one statement");
}
