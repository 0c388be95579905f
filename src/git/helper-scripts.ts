import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';

/** Programs that git starts to get at a credential or a host; they hold nothing themselves. */
export interface HelperScripts {
  askPass: string;
  ssh: string;
}

const ASK_PASS = `#!/bin/sh
# Answers git's questions from the environment, so that no credential is ever an argument.
case "$1" in
  Username*) printf '%s\\n' "$PLOMADA_GIT_USERNAME" ;;
  Password*) printf '%s\\n' "$PLOMADA_GIT_PASSWORD" ;;
  *) exit 1 ;;
esac
`;

const SSH = `#!/bin/sh
# What git starts instead of ssh: no configuration, agent or key of the host's user, and only the address that was checked.
if [ -n "$PLOMADA_SSH_USER" ]; then set -- -l "$PLOMADA_SSH_USER" "$@"; fi
if [ -n "$PLOMADA_SSH_ADDRESS" ]; then set -- -o "HostName=$PLOMADA_SSH_ADDRESS" -o "HostKeyAlias=$PLOMADA_SSH_ALIAS" "$@"; fi
exec ssh -F /dev/null -o "IdentityFile=\\"$PLOMADA_SSH_KEY\\"" \\
  -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o PasswordAuthentication=no \\
  -o StrictHostKeyChecking=accept-new -o "UserKnownHostsFile=\\"$PLOMADA_SSH_KNOWN_HOSTS\\"" -o GlobalKnownHostsFile=/dev/null \\
  -o ClearAllForwardings=yes -o ForwardAgent=no -o PermitLocalCommand=no -o ControlMaster=no -o ControlPath=none \\
  -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=2 "$@"
`;

/** Writes the scripts unless they are there already. */
export async function writeHelperScripts(directory: string): Promise<HelperScripts> {
  const scripts = { askPass: join(directory, 'askpass.sh'), ssh: join(directory, 'ssh.sh') };
  await writeScript(scripts.askPass, ASK_PASS);
  await writeScript(scripts.ssh, SSH);
  return scripts;
}

async function writeScript(file: string, text: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => null)) === text) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Renamed into place: another process never runs half a script.
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, text, { mode: 0o700 });
  await rename(fresh, file);
}
