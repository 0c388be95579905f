/**
 * True when an address such as `module.network["eu"].aws_subnet.private[0]` matches a pattern in which `*` stands for any
 * characters, also none, and all else for itself. Brackets are themselves, since addresses are full of them; that is
 * why this is no glob of a library.
 */
export function matchesAddress(pattern: string, address: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return address === pattern;
  if (!address.startsWith(first)) return false;
  let from = first.length;
  // The earliest place leaves the most room for what comes after it.
  for (const part of others) {
    const at = address.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return address.length - last.length >= from && address.endsWith(last);
}
