/** What is passed on of an environment: by the server to the runner, and by the runner to the tool. Nothing else is. */
const PASSED_ON = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'AWS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
]);

/** True for the variables that a program needs to find its way: paths, language, proxies, certificates. */
export function isPassedOn(name: string): boolean {
  return PASSED_ON.has(name) || name.startsWith('LC_');
}
