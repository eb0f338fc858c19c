/** Texts in columns. */

/** Where to cut a name that is too long: behind an underscore or a bracket, if there is one in the second half. */
function breakAt(word: string, width: number): number {
  for (let at = width; at > width / 2; at--) if ('_([:.,/'.includes(word[at - 1] ?? '')) return at;
  return width;
}

/** Words of a text in lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      const at = breakAt(line, width);
      lines.push(line.slice(0, at));
      line = line.slice(at);
    }
  }
  return line === '' ? lines : [...lines, line];
}
