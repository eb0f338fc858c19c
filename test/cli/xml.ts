/** A strict reader of the XML that a JUnit report is: anything not well-formed throws. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  /** text directly inside */
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plain(text: string): string {
  // XML 1.0, 2.2: the characters there are
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text)) throw new Error('a character that XML does not have');
  if (text.includes('<') || text.includes(']]>')) throw new Error(`unescaped: ${text}`);
  return text.replaceAll(/&([^;]*;?)/g, (all, name: string) => {
    const known = entities[name.slice(0, -1)];
    const number = /^#(\d+);$/.exec(name)?.[1];
    if (known === undefined && number === undefined) throw new Error(`no entity: ${all}`);
    return known ?? String.fromCodePoint(Number(number));
  });
}

export function parseXml(text: string): Element {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!text.startsWith(head)) throw new Error('no XML declaration');
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [root];
  const pattern = /<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  pattern.lastIndex = head.length;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [, closes, name = '', pairs = '', empty, content] = match;
    const top = open.at(-1) as Element;
    if (content !== undefined) {
      top.text += plain(content);
    } else if (closes === '/') {
      if (top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      open.pop();
    } else {
      const found = [...pairs.matchAll(/([\w.-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, plain(value)] as const);
      if (new Set(found.map(([key]) => key)).size !== found.length) throw new Error(`an attribute of <${name}> stands twice`);
      const element: Element = { name, attributes: Object.fromEntries(found), children: [], text: '' };
      top.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  const [only, ...others] = root.children;
  if (open.length !== 1 || only === undefined || others.length > 0 || root.text.trim() !== '')
    throw new Error('there is not one root element');
  return only;
}
