import { protocolsOfManifest } from './registry-manifest';

it.each<[string, string[] | null]>([
  ['{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}', ['6.0']],
  ['{"metadata": {"protocol_versions": ["5.0", "6.0"]}}', ['5.0', '6.0']],
  ['{"metadata": {"protocol_versions": []}}', null],
  ['{"metadata": {"protocol_versions": ["4.0"]}}', null],
  ['{"metadata": {"protocol_versions": [6]}}', null],
  ['{"metadata": null}', null],
  ['null', null],
  ['[]', null],
  ['{', null],
])('the protocols of %s', (text, expected) => expect(protocolsOfManifest(text)).toEqual(expected));
