import type { AnyPacket, enums, PacketList } from 'openpgp';
import { openPgp, type OpenPgpLibrary } from './openpgp-library';
import { SigningKeyRefusedError } from './pgp.errors';

export type KeySide = 'public' | 'private';

const MAX_BYTES = 64 * 1024;

const EXPORT_COMMAND: Record<KeySide, string> = {
  public: '`gpg --armor --export KEY-ID`',
  private: '`gpg --armor --export-secret-keys KEY-ID`',
};

const OTHER_SIDE: Record<KeySide, string> = {
  public: `This is a private key; a public one is wanted here. It was not stored. ${EXPORT_COMMAND.public} writes the public key.`,
  private: `This is a public key; a private one is wanted here. ${EXPORT_COMMAND.private} writes the private key.`,
};

/** The labels of the armoured blocks in a text, such as `PGP PUBLIC KEY BLOCK`. */
export function armorLabels(text: string): string[] {
  return [...text.matchAll(/^-----BEGIN ([^-\r\n]+)-----/gm)].map(([, label]) => label ?? '');
}

/** The tag of a packet, also of one that the library could not read. */
export function packetTag(packet: AnyPacket, library: OpenPgpLibrary): enums.packet {
  if (packet instanceof library.UnparseablePacket) return packet.tag;
  return (packet.constructor as unknown as { tag: enums.packet }).tag;
}

export function unreadableKey(side: KeySide): SigningKeyRefusedError {
  return new SigningKeyRefusedError(
    `This ${side} key is damaged, or it has parts that cannot be read. Export it again: ${EXPORT_COMMAND[side]}.`,
  );
}

/**
 * Takes armour apart into the packets of exactly one key. Packets of an unknown kind are in the list as
 * `UnparseablePacket`, so that the caller can say which kind it is.
 * @throws SigningKeyRefusedError
 */
export async function readKeyPackets(armored: string, side: KeySide): Promise<PacketList<AnyPacket>> {
  if (Buffer.byteLength(armored) > MAX_BYTES)
    throw new SigningKeyRefusedError(
      'This key is larger than 64 KiB. Leave out what others have signed: add `--export-options export-minimal`.',
    );
  assertOneBlock(armored, side);
  const library = await openPgp();
  const packets = await parse(armored, library).catch(() => {
    throw unreadableKey(side);
  });
  const { packet: tags } = library.enums;
  const present = packets.map((packet) => packetTag(packet, library));
  const primaries = present.filter((tag) => tag === tags.publicKey || tag === tags.secretKey);
  if (primaries.length === 0) throw unreadableKey(side);
  if (primaries.length > 1) throw notOneKey(side);
  const hasSecrets = present.some((tag) => tag === tags.secretKey || tag === tags.secretSubkey);
  if (hasSecrets !== (side === 'private')) throw new SigningKeyRefusedError(OTHER_SIDE[side]);
  return packets;
}

function assertOneBlock(armored: string, side: KeySide): void {
  const labels = armorLabels(armored);
  if (labels.length > 1) throw notOneKey(side);
  if (labels[0] === `PGP ${side.toUpperCase()} KEY BLOCK`) return;
  if (labels[0] === 'PGP PUBLIC KEY BLOCK' || labels[0] === 'PGP PRIVATE KEY BLOCK')
    throw new SigningKeyRefusedError(OTHER_SIDE[side]);
  throw new SigningKeyRefusedError(
    `This is not an OpenPGP ${side} key in text form, which begins with \`-----BEGIN PGP ${side.toUpperCase()} KEY BLOCK-----\`. ` +
      `${EXPORT_COMMAND[side]} writes one.`,
  );
}

function notOneKey(side: KeySide): SigningKeyRefusedError {
  return new SigningKeyRefusedError(
    `Exactly one ${side} key is wanted, and there are several. Export one alone: ${EXPORT_COMMAND[side]}.`,
  );
}

async function parse(armored: string, library: OpenPgpLibrary): Promise<PacketList<AnyPacket>> {
  const { data } = await library.unarmor(armored);
  const classes = [
    library.PublicKeyPacket,
    library.PublicSubkeyPacket,
    library.SecretKeyPacket,
    library.SecretSubkeyPacket,
    library.UserIDPacket,
    library.UserAttributePacket,
    library.SignaturePacket,
  ];
  // Declared as a Map, but the library looks the class up as a property.
  const allowed = Object.fromEntries(classes.map((each) => [each.tag, each])) as unknown as Parameters<
    typeof library.PacketList.fromBinary
  >[1];
  return library.PacketList.fromBinary(data, allowed, {
    ...library.config,
    ignoreUnsupportedPackets: true,
    ignoreMalformedPackets: true,
  });
}
