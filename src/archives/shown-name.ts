const LONGEST = 80;
const TAIL = 30;

/** A name of an archive as a message may show it: in quotes, printable, at most about 80 characters. */
export function shownName(name: string): string {
  // Control characters would forge lines of a log; invisible ones (\p{Cf}) would turn the message around.
  const characters = Array.from(name.length > 8192 ? name.slice(0, 8192) : name, (character) =>
    character === ' ' || !/[\p{C}\p{Z}]/u.test(character) ? character : '?',
  );
  if (characters.length <= LONGEST) return `"${characters.join('')}"`;
  return `"${characters.slice(0, LONGEST - TAIL).join('')}…${characters.slice(-TAIL).join('')}"`;
}
