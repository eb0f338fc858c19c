import { formatDiagnostic, parseScenario, type Scenario, type Vocabulary } from '../../src/scenario/index.js';

/** The shortest scenario, to which a test adds what it is about. */
export const minimal = 'version: 1\nname: a\nmachine: {cpus: 2}\ndevices: [{name: nic, irqs: [{irq: 24}]}]\n';

/** What is said about a text, as `line:column: message`. */
export function mistakes(text: string, known?: Vocabulary): string[] {
  const parsed = parseScenario(text, 'f.yaml', known);
  return 'errors' in parsed ? parsed.errors.map((error) => formatDiagnostic(error).slice('f.yaml:'.length)) : [];
}

/** The scenario of a text without mistakes. */
export function scenario(text: string): Scenario {
  const parsed = parseScenario(text, 'f.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors.map(formatDiagnostic).join('\n'));
  return parsed.scenario;
}

/** What a test cannot go on without. */
export function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing is there');
  return value;
}
