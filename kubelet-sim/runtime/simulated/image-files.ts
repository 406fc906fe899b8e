import type { ImageFacts } from './image-catalog.ts';

/** What a distribution says of itself. */
interface Distribution {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly home: string;
}

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  alpine: { id: 'alpine', name: 'Alpine Linux', version: '3.22.1', home: 'https://alpinelinux.org/' },
  busybox: { id: '', name: '', version: '', home: '' },
  centos: { id: 'centos', name: 'CentOS Linux', version: '7', home: 'https://www.centos.org/' },
  debian: { id: 'debian', name: 'Debian GNU/Linux', version: '12', home: 'https://www.debian.org/' },
  fedora: { id: 'fedora', name: 'Fedora Linux', version: '42', home: 'https://fedoraproject.org/' },
  oracle: { id: 'ol', name: 'Oracle Linux Server', version: '9', home: 'https://linux.oracle.com/' },
  rocky: { id: 'rocky', name: 'Rocky Linux', version: '9', home: 'https://rockylinux.org/' },
  ubuntu: { id: 'ubuntu', name: 'Ubuntu', version: '24.04', home: 'https://www.ubuntu.com/' },
};

/** Images that are named as their distribution: their tag is its version. */
const IS_VERSION = /^\d+(?:\.\d+)*/;

const USERS = 'root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/bin/false\ndaemon:x:2:2:daemon:/usr/sbin:/bin/false\n';
const NOBODY = 'nobody:x:65534:65534:nobody:/home:/bin/false\n';
const GROUPS = 'root:x:0:\nbin:x:1:\ndaemon:x:2:\n';

/** The files that any image of a distribution has, beside its own. */
export function imageFiles(image: ImageFacts, tag: string): Record<string, string> {
  const distribution = DISTRIBUTIONS[image.base];
  const uid = image.uid || (image.worker?.uid ?? 999);
  const gid = image.gid || (image.worker?.uid ?? 999);
  const account = image.account === '' ? '' : `${image.account}:x:${uid}:${gid}::/nonexistent:/bin/false\n`;
  const group = image.account === '' ? '' : `${image.account}:x:${gid}:\n`;
  return {
    '/etc/passwd': `${USERS}${account}${NOBODY}`,
    '/etc/group': `${GROUPS}${group}nogroup:x:65534:\n`,
    '/etc/nsswitch.conf': 'hosts: files dns\n',
    ...(distribution?.id ? releaseFiles(distribution, image.isDistribution ? tag : '') : {}),
  };
}

function releaseFiles({ id, name, version, home }: Distribution, tag: string): Record<string, string> {
  const own = IS_VERSION.exec(tag)?.[0] ?? version;
  const release = `NAME="${name}"\nID=${id}\nVERSION_ID="${own}"\nPRETTY_NAME="${name} ${own}"\nHOME_URL="${home}"\n`;
  const short = SHORT[id]?.(own) ?? {};
  return { '/etc/os-release': release, ...short };
}

const SHORT: Readonly<Record<string, (version: string) => Record<string, string>>> = {
  alpine: (version) => ({ '/etc/alpine-release': `${version}\n` }),
  debian: (version) => ({ '/etc/debian_version': `${version}\n` }),
  centos: (version) => ({ '/etc/redhat-release': `CentOS Linux release ${version}\n` }),
  rocky: (version) => ({ '/etc/redhat-release': `Rocky Linux release ${version}\n` }),
  fedora: (version) => ({ '/etc/redhat-release': `Fedora release ${version}\n` }),
};
