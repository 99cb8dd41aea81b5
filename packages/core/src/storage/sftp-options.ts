/** How a server is reached and entered. */
export interface SftpConnectionOptions {
  host: string
  /** Default 22. */
  port?: number
  /** Default: the user of this process. */
  user?: string
  /** Default: LIFEBOAT_SFTP_PASSWORD. */
  password?: string
  /** File with a private key. Default: those of ~/.ssh, unless a password is given; and the agent of SSH_AUTH_SOCK. */
  keyFile?: string
  /** Of the key file. Default: LIFEBOAT_SFTP_KEY_PASSPHRASE. */
  keyPassphrase?: string
  /** Fingerprint of the server's key, `SHA256:…`, as `ssh-keygen -l` shows it. */
  hostKey?: string
  /** Default: ~/.ssh/known_hosts. Used where no fingerprint is given. */
  knownHostsFile?: string
}
