/** Masking anything shorter would turn ordinary output into noise and hide little. */
export const MIN_SECRET_LENGTH = 6;
/** Part of a secret (a line of it, its inner base64) that is long enough to be recognized on its own. */
const MIN_PART_LENGTH = 8;
/** Where `base64` and `openssl base64` break their lines. */
const BASE64_LINE_LENGTHS = [76, 64];
/** These lines of a key or certificate are the same in all of them. */
const PEM_BOUNDARY = /^-----(?:BEGIN|END) [A-Z0-9 ]+-----$/;

/**
 * The part of a secret that is looked for, or null when it is too short. White space around it is left out: the value
 * of a file often ends with a line break that is not printed with it, and every form below contains this one.
 */
export function secretCore(secret: string): string | null {
  // A lone surrogate cannot be in any output; it becomes the replacement character there, as here.
  const core = Buffer.from(secret).toString().trim();
  return core.length < MIN_SECRET_LENGTH ? null : core;
}

/** The forms that a secret must at least be masked in: itself and, if it has several lines, each of them. */
export function essentialForms(core: string): string[] {
  const lines = core.split(/\r\n|\r|\n/);
  const forms = [core, jsonEscape(core)];
  if (lines.length === 1) return forms;
  // A terminal ends lines with CR LF, whatever the program wrote.
  forms.push(lines.join('\r\n'), lines.join('\n'));
  for (const line of lines) {
    const text = line.trim();
    // The tool indents a heredoc, so that no longer text than a line is found there.
    if (text.replace(/\s/g, '').length < MIN_PART_LENGTH || PEM_BOUNDARY.test(text)) continue;
    forms.push(text, hclTemplateEscape(text));
  }
  return forms;
}

/** The ways in which tools, shells and HTTP clients write a text that they encode or escape. */
export function encodedForms(core: string): string[] {
  const json = jsonEscape(core);
  return [
    jsonEscape(json),
    escapeForGoJson(json),
    escapeNonAscii(json),
    escapeNonAscii(escapeForGoJson(json)),
    hclTemplateEscape(json),
    hclTemplateEscape(core),
    ...urlForms(core),
    ...htmlForms(core),
    ...base64Forms(Buffer.from(core)),
  ];
}

function jsonEscape(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** `jsonencode` and Go's encoder also escape what HTML would take for markup. */
function escapeForGoJson(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, unicodeEscape);
}

function escapeNonAscii(json: string): string {
  return json.replace(/[^ -~]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function hclTemplateEscape(text: string): string {
  return text.replace(/[$%]\{/g, (start) => `${start.charAt(0)}${start}`);
}

function urlForms(core: string): string[] {
  // Programs differ in what they leave as it is: browsers, RFC 3986 (Go's query), user information of a URL (git, Go).
  const component = encodeURIComponent(core);
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const user = component.replace(/%(?:24|26|2B|2C|3B|3D)/g, decodeURIComponent);
  return [component, strict, user].flatMap((form) => {
    const lower = form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [form, lower, form.replaceAll('%20', '+'), lower.replaceAll('%20', '+')];
  });
}

function htmlForms(core: string): string[] {
  const escaped = core.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    escaped,
    escaped.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
    escaped.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    escaped.replaceAll('"', '&quot;').replaceAll("'", '&#x27;'),
  ];
}

function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    // The text that `offset` bytes before the secret would make differ is cut off at the front.
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(Math.ceil((offset * 8) / 6));
    const unpadded = padded.replace(/=+$/, '');
    // With more bytes behind the secret, its last character would be another one, unless the secret ends a group.
    const inner = padded === unpadded ? unpadded : unpadded.slice(0, -1);
    if (inner.length >= MIN_PART_LENGTH) forms.push(inner, unpadded, padded);
    if (offset === 0) forms.push(...wrappedLines(unpadded));
  }
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

function wrappedLines(text: string): string[] {
  return BASE64_LINE_LENGTHS.filter((length) => text.length > length).flatMap((length) => {
    const lines: string[] = [];
    for (let from = 0; from + MIN_PART_LENGTH <= text.length; from += length)
      lines.push(text.slice(from, from + length));
    return lines;
  });
}
