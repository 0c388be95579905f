const MAX_LENGTH = 64 * 1024;

/** Shortens what is longer than `maxLength` (UTF-16 units), where no character is torn apart, and shows it by `…`. */
export function cut(text: string, maxLength = MAX_LENGTH): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, isHighSurrogate ? maxLength - 1 : maxLength)}…`;
}
