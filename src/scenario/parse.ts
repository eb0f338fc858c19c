/** The text of a scenario file to a scenario, or to every mistake in it. */
import { assertionMistakes } from './assertions.js';
import { isCompiled } from './compiled.js';
import { completed } from './complete.js';
import { sortDiagnostics, type Diagnostic } from './diagnostics.js';
import { eventMistakes } from './events.js';
import { findingsOf } from './issues.js';
import { outlineOf } from './outline/index.js';
import { referenceMistakes } from './references.js';
import type { Scenario } from './scenario.js';
import { scenarioFile } from './schema/index.js';
import { decodeText, readSource } from './source.js';
import { workloadMistakes } from './workload.js';
import { vocabularyMistakes, type Vocabulary } from './vocabulary.js';

/** A scenario, or the mistakes: at least one, in order of their place, none twice. */
export type Parsed = { readonly scenario: Scenario } | { readonly errors: readonly Diagnostic[] };

/**
 * Reads a scenario from YAML (or JSON, which is YAML). Never throws.
 *
 * @param file name of the file, for messages
 * @param known names that other rooms give a meaning to; what is absent is not checked
 */
export function parseScenario(text: string, file: string, known: Vocabulary = {}): Parsed {
  const source = readSource(text, file);
  if ('errors' in source) return { errors: sortDiagnostics(source.errors) };
  if (isCompiled(source.value))
    return {
      errors: [{ file, line: 1, column: 1, message: 'this is a compiled scenario, for irqlab/run; name the file that it was made of' }],
    };
  const checked = scenarioFile.safeParse(source.value);
  const outline = outlineOf(source.value);
  const findings = [
    ...(checked.success
      ? [
          ...vocabularyMistakes(checked.data, known),
          ...assertionMistakes(checked.data, outline, known),
          ...eventMistakes(checked.data, outline),
          ...workloadMistakes(checked.data),
        ]
      : findingsOf(checked.error.issues, source.value)),
    ...referenceMistakes(outline),
  ];
  const located = findings.map(({ path, spot, message, within }) => ({ file, ...source.locate(path, spot, within), message }));
  // A value that could not even be read needs no second complaint.
  const fresh = located.filter(
    ({ line, column }) => !source.mistakes.some((mistake) => mistake.line === line && mistake.column === column),
  );
  const errors = [...source.mistakes, ...fresh];
  return errors.length > 0 || !checked.success ? { errors: sortDiagnostics(errors) } : { scenario: completed(checked.data, outline) };
}

/** The same from the bytes of a file, which may turn out not to be text. */
export function parseScenarioBytes(bytes: Uint8Array, file: string, known: Vocabulary = {}): Parsed {
  const decoded = decodeText(bytes, file);
  return 'errors' in decoded ? decoded : parseScenario(decoded.text, file, known);
}
