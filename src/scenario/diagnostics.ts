/** What is wrong with a file, and where: one clear sentence for each mistake. */

/** One mistake. `message` is "what is wrong; what would be right". Line and column count from 1; columns count UTF-16 units. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: what is wrong; what would be right`, which editors and terminals make a link. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}: ${diagnostic.message}`;
}

/** The JSON form: what `--format json` prints. The two halves of the message are apart. */
export interface DiagnosticJson {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly wrong: string;
  readonly right: string;
}

export function diagnosticToJson({ file, line, column, message }: Diagnostic): DiagnosticJson {
  const [wrong, right] = splitMessage(message);
  return { file, line, column, wrong, right };
}

/** In order of their place in the file, each (place, message) once. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const sorted = diagnostics.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const seen = new Set<string>();
  return sorted.filter((diagnostic) => {
    const key = formatDiagnostic(diagnostic);
    return !seen.has(key) && seen.add(key);
  });
}

/** A quoted text of the user may hold a semicolon, so the first one outside of quotes counts. */
function splitMessage(message: string): readonly [string, string] {
  const wrong = /^(?:"(?:\\.|[^"\\])*"|[^";])*/.exec(message)?.[0] ?? message;
  return [wrong, message.slice(wrong.length + 1).trim()];
}
