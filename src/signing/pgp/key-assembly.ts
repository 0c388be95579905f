import type { AnyPacket, PrivateKey, PublicKey } from 'openpgp';
import type { OpenPgpLibrary } from './openpgp-library';

/** Puts packets together into a key; private when its first packet is. @throws Error when they are no key */
export function assembleKey(library: OpenPgpLibrary, packets: readonly AnyPacket[]): PublicKey | PrivateKey {
  const list = new library.PacketList<AnyPacket>();
  list.push(...packets);
  return packets[0] instanceof library.SecretKeyPacket ? new library.PrivateKey(list) : new library.PublicKey(list);
}
