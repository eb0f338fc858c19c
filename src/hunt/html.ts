/** The findings as one self-contained file for a browser. */
import { escapeXml } from '../check/index.js';
import { judgement, otherPrograms, placeOf, shortModel, sign, SIGNS, type HuntReport, type ReportedFinding } from './report.js';

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 0.85rem; }
th, td { border: 1px solid #8886; padding: 0.15rem 0.4rem; text-align: left; }
td.X { background: #d334; } td.a { background: #da34; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8886; font-size: 0.8rem; }
pre.token { white-space: pre-wrap; word-break: break-all; }
.wide, figure { overflow-x: auto; margin: 1rem 0; }
dt { font-weight: 600; } dd { margin: 0 0 0.3rem 1.5rem; }
`;

const tag = (name: string, inner: string, attributes = ''): string =>
  `<${name}${attributes === '' ? '' : ` ${attributes}`}>${inner}</${name}>`;
const plain = (name: string, text: string, attributes = ''): string => tag(name, escapeXml(text), attributes);

function matrix({ findings }: HuntReport): string {
  const models = Object.keys(findings[0]?.versions ?? {});
  const head = ['finding', 'needs given up', ...models.map(shortModel)].map((text) => plain('th', text)).join('');
  const rows = findings.map((finding) => {
    const cells = models.map((model) => {
      const text = sign(finding.versions[model]);
      return plain('td', text, `class="${{ X: 'X', x: 'X', a: 'a' }[text] ?? 'n'}"`);
    });
    return tag('tr', `${tag('td', plain('a', finding.name, `href="#${finding.name}"`))}${plain('td', finding.given)}${cells.join('')}`);
  });
  return tag('div', tag('table', tag('thead', tag('tr', head)) + tag('tbody', rows.join('\n'))), 'class="wide"');
}

function section(finding: ReportedFinding): string {
  const { confirm } = finding;
  const facts: readonly (readonly [string, string])[] = [
    ['Fails', finding.property],
    ['Kernel and hardware stop agreeing behind', placeOf(finding)],
    ['Machine', finding.about],
    ['Program', finding.operations.join('; ')],
    ['Needs given up', finding.given === '' ? 'nothing' : finding.given],
    ['A device that waits for its handler', finding.handshake ? 'meets it too' : 'does not meet it'],
    ['Met on', `${finding.machines.join(', ')} (${finding.programs} programs)`],
    ...otherPrograms(finding.versions).map((each) => ['Another program on', each] as const),
    ['Judgement', judgement(finding)],
  ];
  const list = (pairs: readonly (readonly [string, string])[]): string =>
    tag('dl', pairs.map(([name, text]) => plain('dt', name) + plain('dd', text)).join(''));
  return tag(
    'section',
    [
      plain('h2', finding.name, `id="${finding.name}"`),
      list(facts),
      plain('p', `The shortest way on ${finding.model}, ${finding.steps} visible steps:`),
      tag('figure', finding.svg),
      tag('details', plain('summary', 'as text') + plain('pre', finding.diagram)),
      tag('details', plain('summary', 'the scenario') + plain('pre', finding.yaml)),
      tag('details', plain('summary', 'the token, for irqlab replay') + plain('pre', finding.token, 'class="token"')),
      plain('h3', 'To confirm it'),
      list([
        ['Machine', confirm.machine],
        ['Device', confirm.device],
        ['It shows as', confirm.sign],
        ['Record', confirm.events],
      ]),
      plain('pre', confirm.commands.join('\n')),
    ].join('\n'),
  );
}

/** The page. `title`: what was hunted. */
export function findingsHtml(report: HuntReport, title: string): string {
  const warning =
    'These are findings about models of kernels and about hardware as its manuals describe it: claims to be confirmed on a real system, each with the way to do that.';
  const body = [
    plain('h1', title),
    plain('p', warning),
    plain('p', `${SIGNS}.`),
    report.findings.length === 0 ? plain('p', 'Nothing was found.') : matrix(report),
    ...report.findings.map(section),
  ].join('\n');
  return `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${plain('title', title)}<style>${style}</style></head>\n<body>\n${body}\n</body>\n</html>\n`;
}
