/** `irqlab start`: the whole story on the trace that was posted in March 2020. What `npm start` runs. */
import type { Command } from 'commander';
import { wrap } from '../check/index.js';
import { assembleSystem, findScenario, type Scenario } from '../scenario/index.js';
import { importTrace, xhciLost20200318 } from '../trace/index.js';
import { checkSystem } from './searching.js';
import { foundations, toldText, verdictLine } from './verdict.js';
import { importText } from './import.js';
import { runScenario, runText } from './run.js';
import { count, Exit, print, style, width } from './output.js';

/** Simulated seconds for which the repaired kernel runs the loop. */
const LONG = 120;

function heading(n: number, text: string): void {
  print(`\n${style.bold(`${n}. ${text}`)}\n`);
}

function say(text: string): void {
  print(`${wrap(text, width()).join('\n')}\n`);
}

function builtin(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined) throw new Error(`the scenario ${name} is missing`);
  return found.scenario;
}

/** After Ctrl-C nothing new begins. */
function stopped(interrupted: boolean): boolean {
  if (interrupted) process.exitCode = Exit.interrupted;
  return interrupted;
}

export function addStart(program: Command): void {
  program
    .command('start')
    .summary('the lost xHCI interrupt of 2020: reproduced, explained, proved fixed')
    .action(async () => {
      heading(1, 'What the trace says that was posted when the bug was reported');
      const trace = importTrace(xhciLost20200318.text, xhciLost20200318.file);
      print(importText(trace, false));
      say(
        '\nFrom these facts come the scenarios xhci-hotplug, the fatal move alone, and xhci-loop, the reporter’s loop with this traffic.',
      );

      const scenario = builtin('xhci-hotplug');
      heading(2, 'Linux 5.6: can the interrupt be lost when CPU 3 goes offline?');
      const bad = await checkSystem(assembleSystem(scenario, { model: 'linux-5.6' }));
      print(verdictLine(bad));
      print('');
      for (const each of bad.told) print(`${toldText(each, bad.system.model)}\n`);
      if (stopped(bad.interrupted)) return;

      heading(3, 'Linux 5.9, which disables the LAPIC after interrupts are moved away');
      const good = await checkSystem(assembleSystem(scenario, { model: 'linux-5.9' }));
      print(verdictLine(good));
      print(foundations(good, false));
      if (stopped(good.interrupted)) return;

      heading(4, 'The reporter’s loop, timed, with the traced traffic, on both');
      const loop = builtin('xhci-loop');
      const dead = await runScenario(loop, { model: 'linux-5.6' }, { seconds: LONG });
      print(runText(dead));
      if (stopped(dead.verdict === 'interrupted')) return;
      const alive = await runScenario(loop, { model: 'linux-5.9' }, { seconds: LONG });
      print(runText(alive));
      if (stopped(alive.verdict === 'interrupted')) return;
      say(
        `On 5.6 the controller is dead after ${dead.seconds.toFixed(0)} simulated seconds; the report says: within a minute. On 5.9 it lives through ${alive.seconds.toFixed(0)} seconds of the same loop and ${count(alive.sent)} interrupts.`,
      );
    });
}
