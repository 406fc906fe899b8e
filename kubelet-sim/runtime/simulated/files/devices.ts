/** Device files that tools write to and read from. */
export const DEVICES: Readonly<Record<string, 'null' | 'zero' | 'random' | 'full'>> = {
  '/dev/null': 'null',
  '/dev/zero': 'zero',
  '/dev/full': 'full',
  '/dev/random': 'random',
  '/dev/urandom': 'random',
};

/** What is in any container's `/dev`. */
export const DEVICE_NAMES: readonly string[] = 'null zero full random urandom tty stdin stdout stderr termination-log'.split(' ');

/** Directories of any image. */
export const DIRECTORIES: readonly string[] =
  '/bin /etc /tmp /var/log /var/run /var/tmp /root /home /usr/bin /usr/share /proc /dev /dev/fd /sys /run /opt /mnt /srv /lib /media /sbin'.split(
    ' ',
  );
