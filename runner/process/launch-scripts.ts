import { accessSync, constants } from 'node:fs';

/*
 * The scripts between the runner and the tool. They are constants: what differs from call to call comes in as
 * positional parameters and is never part of the text. Their own variables are called iac_runner_*, names that
 * env_vars cannot hold.
 *
 * A shell is needed because a process cannot be started with SIGHUP ignored from Node. The tool must ignore it:
 * when the runner dies and its PTY closes, the kernel sends SIGHUP, and terraform would die of it without saving.
 */

/** Becomes the tool; its three streams stay what they are, except that there is nothing on stdin. */
export const BECOME_TOOL = 'trap "" HUP; exec "$@" </dev/null';

/** The same with stderr on the same stream as stdout, which keeps the order of the two. */
export const BECOME_TOOL_ONE_STREAM = 'trap "" HUP; exec "$@" </dev/null 2>&1';

/** How the script below says that it started nothing, because the runner was gone before it said "go". */
const NOTHING_STARTED = 125;

/**
 * Waits for the tool and records how it ended; `$1` is the file for that. It outlives the runner.
 *
 * - It starts the tool only after a line has come in on descriptor 3. The runner sends it once `<log_file>.pid` is
 *   written, so that no tool ever runs that nobody could find again.
 *   When the runner dies before, `<log_file>.exit.none` says that nothing was started.
 * - SIGINT goes to the whole group: the shell notes it and lives on, the tool gets the default and stops.
 * - What the shell itself has to say ("Killed") is not the tool's output and goes nowhere.
 * - The file appears by a rename: whoever sees it sees all of it.
 */
export const WAIT_FOR_TOOL = `
iac_runner_stop=
trap "" HUP
trap 'iac_runner_stop=1' INT TERM
iac_runner_exit=$1
shift
if ! IFS= read -r iac_runner_go <&3; then
  : >"$iac_runner_exit.none"
  exit ${NOTHING_STARTED}
fi
exec 3<&-
[ -z "$iac_runner_stop" ] || exit 130
exec 4>&2 2>/dev/null
"$@" 2>&4 4>&-
iac_runner_status=$?
umask 077
PATH=$PATH:/usr/bin:/bin
printf '%s\\n' "$iac_runner_status" >"$iac_runner_exit.tmp" && mv -f -- "$iac_runner_exit.tmp" "$iac_runner_exit"
exit "$iac_runner_status"
`;

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const BASHES = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'];

/**
 * The shell that runs these scripts. `/bin/sh` is often dash, which drops variables whose names are not identifiers
 * (`TF_TOKEN_host:8443`); bash passes them on.
 *
 * @throws Error when a name needs bash and there is none.
 */
export function shellFor(env: Readonly<Record<string, string>>): string {
  const unusual = Object.keys(env).find((name) => !PLAIN_NAME.test(name));
  if (unusual === undefined) return '/bin/sh';
  const bash = BASHES.find(isExecutable);
  if (bash !== undefined) return bash;
  throw new Error(`the variable ${unusual} can be passed on only by bash, which is not on this machine`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
