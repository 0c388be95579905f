/** One line that programs may print to a terminal: no control character can paint, move or delete there. */
export const PLAIN_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u;
export const PLAIN_LINE_RULE = 'must be one line of text without control characters';
