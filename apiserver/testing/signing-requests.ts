// Made once with OpenSSL; their keys are thrown away.

const base64 = (pem: string): string => Buffer.from(pem).toString('base64');

/** A request of `bob` in `devs`, as the field of a CertificateSigningRequest has it. */
export const REQUEST_OF_DEVS = base64(`-----BEGIN CERTIFICATE REQUEST-----
MIHWMH8CAQAwHTENMAsGA1UECgwEZGV2czEMMAoGA1UEAwwDYm9iMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEI6fioU2OfQD6TZCf/X95CaZNlnHHME5/Hm/d9OZo
K5hZmJe6QyI9HpwbroC9isnM9VxV/Wytxc9Lzb9fBZL0GaAAMAoGCCqGSM49BAMC
A0cAMEQCIErrMhF0/U1ZAjpWerlUAA9f/uq8dIkTosugzbd3pG29AiAeyg/312fu
VGz0hJH4HWZDTPKm3QjJJS75eDjplAWD0Q==
-----END CERTIFICATE REQUEST-----
`);

/** A request of `bob` in `system:masters`. */
export const REQUEST_OF_MASTERS = base64(`-----BEGIN CERTIFICATE REQUEST-----
MIHhMIGJAgEAMCcxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMQwwCgYDVQQDDANi
b2IwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATKyNil0jcIk9NB1o/kgU1R1ipw
oP4fFWhZLZuuesocr9x/Lh9oP4eyzOvgvem8QomkelbnBfCmmVGAVa57RGj0oAAw
CgYIKoZIzj0EAwIDRwAwRAIgRBSdq5yDv7Gov2J+jwtJfMEaZwc1zJXrQF0DxRtH
sjYCIDhnURihb/BgpMbAk9jbd99e8TU3JOSXnsgNWoVEKmmK
-----END CERTIFICATE REQUEST-----
`);

/** A certificate, as the status of a CertificateSigningRequest has it. */
export const CERTIFICATE = base64(`-----BEGIN CERTIFICATE-----
MIIBdDCCARmgAwIBAgIURqQd3x6G/IibeHB8cVdmDXtDSMkwCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDYm9iMCAXDTI2MTEyMTA4MDY0NloYDzIxMjYxMDI4MDgwNjQ2
WjAOMQwwCgYDVQQDDANib2IwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQCmR36
/rsh1QydB9FjU9gNq5kQ0POGFLKdutJFT+a5Gy33dcrznC0yOTamc0cvbCbgKope
Ornmo0clGTpt4INDo1MwUTAdBgNVHQ4EFgQUYHH3L4AWtZwprWbsDmEQdvENRvww
HwYDVR0jBBgwFoAUYHH3L4AWtZwprWbsDmEQdvENRvwwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNJADBGAiEA3t1o6AFjMMoH3LgnWA8eJG+1B1EiY7Wv6p23
Vxv+2ZUCIQDJMzMZlxsbkx9D/DUAFdVwAGXnNA7fK9QRdbqXc5ZMRQ==
-----END CERTIFICATE-----
`);
