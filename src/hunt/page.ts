/** The findings of several kernels as a page of documentation (Markdown). */
import {
  judgement,
  otherPrograms,
  placeOf,
  shortModel,
  sign,
  SIGNS,
  versionsText,
  type HuntReport,
  type ReportedFinding,
} from './report.js';

const intro = `# What the hunt has found

\`irqlab hunt\` tries short programs of operations (an irq is moved, freed, requested, disabled; CPUs go and come; the machine is suspended; the vCPU of a guest is preempted, blocked, or loaded on another CPU) on kinds of devices and platforms, smallest first, in every interleaving, and groups what fails by its cause. Nobody has told it what to look for.

**These are findings about the model of each kernel**, which follows the kernel's source and is compared with recordings of a real one, and about hardware as the manuals describe it. A finding is a claim to be confirmed on a real system: each says on which machine, with which device, by which commands, and what to look at. Some need a device that sends at the worst moment for years; some need hardware to do what an assumption rules out, and say which. Where somebody has looked into a cause, a judgement says whether the kernel is at fault, what is around it, or only the model; the others are not judged.
`;

/** A table, a row for each finding and a column for each kernel. */
function matrix(report: HuntReport): string {
  const models = Object.keys(report.findings[0]?.versions ?? {});
  const rows = report.findings.map((finding) => {
    const cells = models.map((model) => sign(finding.versions[model]));
    return `| [${finding.name}](#${finding.name}) | ${finding.given} | ${cells.join(' | ')} |`;
  });
  return [
    `| finding | needs given up | ${models.map(shortModel).join(' | ')} |`,
    `| --- | --- | ${models.map(() => ':-:').join(' | ')} |`,
    ...rows,
  ].join('\n');
}

const fence = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

function section(finding: ReportedFinding): string {
  const { name, property, operations, about, given, handshake, machines, programs, confirm, token, steps, model } = finding;
  return [
    `## ${name}`,
    `\`${property}\` fails. Kernel and hardware stop agreeing behind \`${placeOf(finding)}\`.`,
    [
      `- Machine: ${about}`,
      `- Program: ${operations.join('; ')}`,
      `- Needs given up: ${given === '' ? 'nothing' : `\`${given}\``}`,
      `- A device that waits for its handler: ${handshake ? 'meets it too' : 'does not meet it'}`,
      `- Met on: ${machines.join(', ')} (${programs} programs)`,
      `- Kernels: ${versionsText(finding.versions)}`,
      ...otherPrograms(finding.versions).map((each) => `- Another program on ${each}`),
      `- Judgement: ${judgement(finding)}`,
    ].join('\n'),
    `The shortest way on ${model}, ${steps} visible steps:`,
    fence('text', finding.diagram),
    `The scenario, and the token of this way (\`irqlab replay\` tells its steps):`,
    fence('yaml', finding.yaml),
    fence('text', token),
    '### To confirm it',
    [
      `- Machine: ${confirm.machine}`,
      `- Device: ${confirm.device}`,
      `- It shows as: ${confirm.sign}`,
      `- Record: \`${confirm.events}\``,
    ].join('\n'),
    fence('sh', confirm.commands.join('\n')),
  ].join('\n\n');
}

/** The page. `command`: what makes it again. */
export function findingsPage(report: HuntReport, command: string): string {
  const { tally, size, complete, findings } = report;
  const searched = `${tally.items.toLocaleString('en-US')} programs, ${tally.searches.toLocaleString('en-US')} searches, ${tally.states.toLocaleString('en-US')} states`;
  const extent = complete ? `all programs up to size ${size}` : `programs up to size ${size}, not all of that size`;
  return [
    intro.trimEnd(),
    `Made with \`${command}\`: ${extent} (${searched}; ${tally.undecided.toLocaleString('en-US')} searches were not decided). Size counts operations, CPUs beyond two, something beside the device, and assumptions given up.`,
    `${SIGNS}.`,
    findings.length === 0 ? 'Nothing was found.' : matrix(report),
    ...findings.map(section),
    '',
  ].join('\n\n');
}
