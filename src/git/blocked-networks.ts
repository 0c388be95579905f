import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { GitError } from './git.errors';

/** Asks the system's resolver for every address of a host. */
export type HostLookup = (host: string) => Promise<{ address: string; family: number }[]>;

const systemLookup: HostLookup = (host) => lookup(host, { all: true });

/** The groups of an IPv6 address as eight numbers. */
function ipv6Groups(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = dotted
    ? `${dotted[1]}${toGroup(dotted[2], dotted[3])}:${toGroup(dotted[4], dotted[5])}`
    : address.replace(/%.*$/, '');
  const [head = '', tail] = hex.split('::');
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = parse(head);
  if (tail === undefined) return before;
  const after = parse(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function toGroup(high = '0', low = '0'): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

/** The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64, 6to4), if any. */
function embeddedIpv4(address: string): string | null {
  const groups = ipv6Groups(address);
  const dotted = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const isZero = (count: number) => groups.slice(0, count).every((group) => group === 0);
  if (isZero(5) && groups[5] === 0xffff) return dotted(groups[6], groups[7]);
  if (isZero(6) && (groups[6] !== 0 || (groups[7] ?? 0) > 1)) return dotted(groups[6], groups[7]);
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(groups[6], groups[7]);
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  return null;
}

/**
 * The networks that the server may not reach on a user's behalf. Used for Git remotes; anything else that connects to
 * an address of a user's choice can ask it too.
 */
export class BlockedNetworks {
  private readonly list = new BlockList();

  /** @param networks CIDR notation (`169.254.0.0/16`, `fe80::/10`) or single addresses */
  constructor(
    networks: readonly string[],
    private readonly lookupHost: HostLookup = systemLookup,
  ) {
    for (const network of networks) this.add(network);
  }

  private add(network: string): void {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const widest = family === 'ipv6' ? 128 : 32;
    const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (isIP(address) === 0 || prefix < 0 || prefix > widest) throw new Error(`"${network}" is not a network.`);
    this.list.addSubnet(address, prefix, family);
  }

  /** Whether one address, in any notation the system prints, lies in a blocked network. */
  isBlocked(address: string): boolean {
    if (isIP(address) === 6) {
      const embedded = embeddedIpv4(address);
      if (embedded !== null && this.isBlocked(embedded)) return true;
      // Connecting to the unspecified address reaches the host itself.
      if (ipv6Groups(address).every((group) => group === 0))
        return this.isBlocked('::1') || this.isBlocked('127.0.0.1');
      return this.list.check(address.replace(/%.*$/, ''), 'ipv6');
    }
    if (this.list.check(address, 'ipv4')) return true;
    return address.startsWith('0.') && this.list.check('127.0.0.1', 'ipv4');
  }

  /**
   * Looks a host up and returns its addresses, to be connected to without another look-up (or else a name that
   * changes its mind in between could lead inside). Literal addresses, decimal and octal ones included, take the same way.
   * @throws GitError `git-host-blocked` if any address is blocked, `git-unreachable` if there is none
   */
  async resolve(host: string): Promise<string[]> {
    const addresses = (await this.addressesOf(host)).map(({ address }) => address);
    if (addresses.length === 0) throw notResolved(host, false);
    if (addresses.some((address) => this.isBlocked(address))) {
      throw new GitError(
        'git-host-blocked',
        `The host ${host} lies in a network that this server may not reach (GIT_BLOCKED_NETWORKS).`,
      );
    }
    return addresses;
  }

  private async addressesOf(host: string): Promise<{ address: string }[]> {
    try {
      return await this.lookupHost(host);
    } catch (error) {
      throw notResolved(host, (error as NodeJS.ErrnoException).code === 'EAI_AGAIN');
    }
  }
}

function notResolved(host: string, isTransient: boolean): GitError {
  return new GitError('git-unreachable', `The host ${host} could not be found (DNS).`, isTransient);
}
