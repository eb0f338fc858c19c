/** The scenarios that come with the program, as files that a user could have written. Text in modules: a browser has no folder to read. */
import { parseScenario } from '../parse.js';
import type { Scenario } from '../scenario.js';
import { amd } from './amd.js';
import { life } from './life.js';
import { moveHotplug } from './moveHotplug.js';
import { moves } from './moves.js';
import { postedMsi } from './postedMsi.js';
import { races } from './races.js';
import { tornMove } from './tornMove.js';
import { vcpus } from './vcpus.js';
import { xhciHotplug } from './xhciHotplug.js';
import { xhciLoop } from './xhciLoop.js';
import { xhciTornOffline } from './xhciTornOffline.js';

/** A scenario that comes with the program. */
export class BuiltinScenario {
  readonly name: string;
  /** The file, with its comments: an example to start from. */
  readonly text: string;
  #scenario: Scenario | undefined;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** Read when it is asked for: a program that starts uses one of many. */
  get scenario(): Scenario {
    this.#scenario ??= read(this.name, this.text);
    return this.#scenario;
  }
}

/** Name to text of the file. */
const texts: ReadonlyMap<string, string> = new Map([
  ['xhci-hotplug', xhciHotplug],
  ['xhci-torn-offline', xhciTornOffline],
  ['torn-move', tornMove],
  ['move-hotplug', moveHotplug],
  ['xhci-loop', xhciLoop],
  ...moves,
  ...life,
  ...postedMsi,
  ...vcpus,
  ...amd,
  ...races,
]);

/** Name to scenario, in the order in which they are best read. */
export const builtinScenarios: ReadonlyMap<string, BuiltinScenario> = new Map(
  [...texts].map(([name, text]) => [name, new BuiltinScenario(name, text)]),
);

/** The built-in scenario of this name. */
export function findScenario(name: string): BuiltinScenario | undefined {
  return builtinScenarios.get(name);
}

function read(name: string, text: string): Scenario {
  const parsed = parseScenario(text, name);
  if ('errors' in parsed)
    throw new Error(
      `the built-in scenario ${name} has mistakes: ${parsed.errors.map(({ line, message }) => `${line}: ${message}`).join(', ')}`,
    );
  return parsed.scenario;
}
