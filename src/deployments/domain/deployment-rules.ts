/** 1 to 128 letters, digits and, inside, `.`, `-` or `_`. */
export const DEPLOYMENT_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;
export const DEPLOYMENT_NAME_RULE = 'must be 1 to 128 of A-Z, a-z, 0-9 and, inside, ., - or _';

/** SemVer without a leading `v`. */
export const TOOL_VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z.-]{1,40})?$/;
export const TOOL_VERSION_RULE = 'must be an exact version such as 1.11.4';

/** `managed`: the platform keeps the state, whatever backend the configuration names. `none`: the configuration's own. */
export const STATE_BACKENDS = ['managed', 'none'] as const;
export type StateBackend = (typeof STATE_BACKENDS)[number];
