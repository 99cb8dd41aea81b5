/** What doctor finds and what reminders say. A value of several words is a text of its own, such as `the storage`. */
export const serverChecks = {
  // Processor, tools, server
  '{who} answers, PostgreSQL {version}.': '{who} antwortet, PostgreSQL {version}.',
  'pg_dump {version} is at {path}.': 'pg_dump {version} liegt unter {path}.',
  'pg_dump {version} is at {path}. The server is {server}, which is newer.':
    'pg_dump {version} liegt unter {path}. Der Server ist {server}, das ist neuer.',
  'Upgrade the client tools: apt-get install --only-upgrade postgresql-client-{major}.':
    'Die Client-Werkzeuge aktualisieren: apt-get install --only-upgrade postgresql-client-{major}.',
  'the storage': 'dem Speicher',
  'the PostgreSQL server': 'dem PostgreSQL-Server',
  'Find out which one is wrong (`timedatectl`) and set it. Schedules, ages of backups and retention depend on it.':
    'Feststellen, welche falsch geht (`timedatectl`), und sie stellen. Zeitpläne, das Alter von Sicherungen und die Aufbewahrung hängen davon ab.',
  '{n} second': '{n} Sekunde',
  '{n} seconds': '{n} Sekunden',
  '{n} minute': '{n} Minute',
  '{n} minutes': '{n} Minuten',
  '{n} hour': '{n} Stunde',
  '{n} hours': '{n} Stunden',
  '{n} day': '{n} Tag',
  '{n} days': '{n} Tage',
  'The role allows {connections}, {used} in use; a backup needs {backup} and a restore {restore}.':
    'Die Rolle erlaubt {connections}, {used} benutzt; eine Sicherung braucht {backup}, eine Wiederherstellung {restore}.',
  'The database allows {connections}, {used} in use; a backup needs {backup} and a restore {restore}.':
    'Die Datenbank erlaubt {connections}, {used} benutzt; eine Sicherung braucht {backup}, eine Wiederherstellung {restore}.',
  'The server allows {connections}, {used} in use; a backup needs {backup} and a restore {restore}.':
    'Der Server erlaubt {connections}, {used} benutzt; eine Sicherung braucht {backup}, eine Wiederherstellung {restore}.',
  '{n} connection': '{n} Verbindung',
  '{n} connections': '{n} Verbindungen',
  'Set resources.connections to 1: then both need 3.': 'resources.connections auf 1 setzen: dann brauchen beide 3.',
  'Raise max_connections, or let the application use fewer.':
    'max_connections erhöhen, oder die Anwendung weniger benutzen lassen.',
  'A backup takes {backup} connections and a restore {restore}; there is room for them.':
    'Eine Sicherung braucht {backup} Verbindungen, eine Wiederherstellung {restore}; dafür ist Platz.',
  'The server cannot load {library}: {problem}': 'Der Server kann {library} nicht laden: {problem}',

  // What is in the database
  'Invalid indexes: {names}. A restore builds them, and fails where rows break a unique one.':
    'Ungültige Indizes: {names}. Eine Wiederherstellung baut sie auf und scheitert, wo Zeilen einen eindeutigen verletzen.',
  'Foreign tables: {names}. Their definition is backed up, their rows lie in another server.':
    'Fremdtabellen: {names}. Ihre Definition wird gesichert, ihre Zeilen liegen auf einem anderen Server.',
  'Back up that server too.': 'Auch jenen Server sichern.',
  'Unlogged tables: {names}. They are backed up; a crash of the server empties them.':
    'Tabellen ohne WAL (UNLOGGED): {names}. Sie werden gesichert; ein Absturz des Servers leert sie.',
  'Tables without a primary key: {names}. Rows added since a backup cannot be kept by a rewind.':
    'Tabellen ohne Primärschlüssel: {names}. Ein Zurückspulen kann Zeilen, die seit einer Sicherung dazukamen, nicht behalten.',
  "Functions need a search_path: {functions}. A restore tries again under the database's own; stock pg_restore cannot restore them.":
    'Funktionen brauchen einen search_path: {functions}. Eine Wiederherstellung versucht es noch einmal unter dem der Datenbank; das gewöhnliche pg_restore kann sie nicht wiederherstellen.',
  'ALTER FUNCTION {name} SET search_path = the schemas it needs, or name them in its body; then back up again. {backups.verify} with the level `restore` proves it.':
    'ALTER FUNCTION {name} SET search_path = die Schemata, die sie braucht, oder sie im Rumpf nennen; dann noch einmal sichern. {backups.verify} mit der Stufe `restore` beweist es.',

  // What a deletion leaves
  'The exported files of backup {id}, which is deleted, are still in {folder}: {why}. Remove that folder by hand.':
    'Die exportierten Dateien der gelöschten Sicherung {id} liegen noch in {folder}: {why}. Diesen Ordner von Hand entfernen.',

  // The role
  'What a restore needs is not known before everything can be read. {why}':
    'Was eine Wiederherstellung braucht, ist nicht bekannt, solange nicht alles gelesen werden kann. {why}',
  'A restore can go in place.': 'Eine Wiederherstellung an Ort und Stelle ist möglich.',
  "A restore can go in place. What is others' stays as it is: {what}.":
    'Eine Wiederherstellung an Ort und Stelle ist möglich. Was anderen gehört, bleibt, wie es ist: {what}.',
  'A swap would be refused: the database belongs to another role.':
    'Ein Tausch würde abgelehnt: die Datenbank gehört einer anderen Rolle.',
  'A swap would be refused: the role cannot create databases.':
    'Ein Tausch würde abgelehnt: die Rolle kann keine Datenbanken anlegen.',
  'GRANT the owner of the database TO "{role}"': 'Den Eigentümer der Datenbank gewähren: GRANT … TO "{role}"',

  // Repository, folders, copies
  'No database is configured: only the repository was looked at.':
    'Keine Datenbank ist eingerichtet: nur das Repository wurde angesehen.',
  '{user} cannot write into {path}, which belongs to user {owner} and has mode {mode}.':
    '{user} kann nicht in {path} schreiben: es gehört Benutzer {owner} und hat Modus {mode}.',
  'Mount it, or: mkdir -p {path}': 'Einhängen, oder: mkdir -p {path}',
  'The media folder {path} can be read: {entries} of the first {most} entries looked at.':
    'Der Medienordner {path} ist lesbar: {entries} der ersten {most} Einträge angesehen.',
  '{n} entry': '{n} Eintrag',
  '{n} entries': '{n} Einträge',
  '{entries} of the first {most} entries in {path} cannot be read by {user} and would be lost from backups, e.g. {first}.':
    '{entries} der ersten {most} Einträge in {path} kann {user} nicht lesen; sie fehlten in Sicherungen, z. B. {first}.',
  '{entries} in {path} cannot be read by {user} and would be lost from backups, e.g. {first}.':
    '{entries} in {path} kann {user} nicht lesen; sie fehlten in Sicherungen, z. B. {first}.',
  'Do not trust this storage; check the disk or the network share.':
    'Diesem Speicher nicht vertrauen; die Platte oder die Netzfreigabe prüfen.',
  'This installation has no recover.mjs to compare with.': 'Diese Installation hat kein recover.mjs zum Vergleichen.',
  'Install the package @lifeboat/core again.': 'Das Paket @lifeboat/core neu installieren.',
  'What backups need is locked ({mode}) for {days} days after each.':
    'Was Sicherungen brauchen, ist nach jeder {days} Tage lang gesperrt ({mode}).',
  'Object lock is asked for, and the storage says of no lock.':
    'Objektsperre ist verlangt, und der Speicher weiß von keiner.',
  'Make a backup, and see that its role has s3:GetObjectRetention.':
    'Eine Sicherung erstellen und nachsehen, dass die Rolle s3:GetObjectRetention hat.',
  'Backup {id}: {problem}': 'Sicherung {id}: {problem}',
  '{object} cannot be read: {problem}': '{object} ist nicht lesbar: {problem}',
  'It holds no data. {maintenance.repair} takes it from a copy, or removes it.':
    'Es enthält keine Daten. {maintenance.repair} holt es aus einer Kopie oder entfernt es.',
  'Backup {number} failed its last verification ({level}, {date}).':
    'Sicherung {number} hat ihre letzte Prüfung nicht bestanden ({level}, {date}).',
  'Backup {number} failed its last verification ({level}, {date}): {problem}':
    'Sicherung {number} hat ihre letzte Prüfung nicht bestanden ({level}, {date}): {problem}',
  'Repair it from a copy: {maintenance.repair}. Without a copy, make another backup and delete this one.':
    'Aus einer Kopie reparieren: {maintenance.repair}. Ohne Kopie eine weitere Sicherung erstellen und diese löschen.',
  'The audit log was changed. {what}': 'Das Prüfprotokoll wurde verändert. {what}',
  'The audit log holds no contradiction. {what}': 'Das Prüfprotokoll enthält keinen Widerspruch. {what}',

  // What restores and refreshes left
  'Dropped "{name}".': '„{name}“ wurde gelöscht.',
  '"{name}" is kept for an undo of the restore of "{database}" until {date}.':
    '„{name}“ bleibt bis {date} für eine Rücknahme der Wiederherstellung von „{database}“.',
  '"{name}" is kept for an undo of the restore of "{database}", until it is discarded.':
    '„{name}“ bleibt für eine Rücknahme der Wiederherstellung von „{database}“, bis es verworfen wird.',
  '"{name}" is kept for an undo of the restore of "{database}", and its time was over on {date}.':
    '„{name}“ bleibt für eine Rücknahme der Wiederherstellung von „{database}“; die Frist war am {date} um.',
  '"{name}" is kept of the media folder {folder} until {date}.':
    '„{name}“ ist vom Medienordner {folder} aufbewahrt, bis {date}.',
  '"{name}" is kept of the media folder {folder}, until it is discarded.':
    '„{name}“ ist vom Medienordner {folder} aufbewahrt, bis es verworfen wird.',
  '"{name}" is kept of the media folder {folder}, and its time was over on {date}.':
    '„{name}“ ist vom Medienordner {folder} aufbewahrt; die Frist war am {date} um.',
  '"{name}" was left behind for the media folder {folder} by restore {restore}.':
    '„{name}“ blieb für den Medienordner {folder} von Wiederherstellung {restore} zurück.',
  'Put it into place, or remove it where its database is not live, with {maintenance.cleanLeftovers}.':
    'Mit {maintenance.cleanLeftovers} an seinen Platz bringen, oder entfernen, wo seine Datenbank nicht live ist.',
  'The target "{name}" has backup {number}.': 'Das Ziel „{name}“ hat Sicherung {number}.',
  'The target "{name}" was not refreshed yet.': 'Das Ziel „{name}“ wurde noch nicht aufgefrischt.',
  'The target "{name}" cannot be refreshed: {why}': 'Das Ziel „{name}“ kann nicht aufgefrischt werden: {why}',
  'Adopt it once with {targets.adopt}.': 'Einmal mit {targets.adopt} übernehmen.',
  '"{database}" was left behind by a refresh, which died.':
    '„{database}“ blieb von einer Auffrischung zurück, die abgebrochen ist.',
  '"{database}" was replaced by a refresh, and its time is over.':
    '„{database}“ wurde durch eine Auffrischung ersetzt, und die Frist ist um.',

  // Schedules and processes
  '{schedules} enabled, and no process fires them.': '{schedules} eingeschaltet, und kein Prozess führt sie aus.',
  '{n} schedule': '{n} Zeitplan',
  '{n} schedules': '{n} Zeitpläne',
  '{tasks} queued, and no process works on them.': 'Es warten {tasks}, und kein Prozess arbeitet daran.',
  '{n} task': '{n} Auftrag',
  '{n} tasks': '{n} Aufträge',
  '"{schedule}" has been due since {time} and was not begun.':
    '„{schedule}“ ist seit {time} fällig und hat nicht begonnen.',
  '{n} process works on tasks and schedules; nothing is overdue.':
    '{n} Prozess arbeitet an Aufträgen und Zeitplänen; nichts ist überfällig.',
  '{n} processes work on tasks and schedules; nothing is overdue.':
    '{n} Prozesse arbeiten an Aufträgen und Zeitplänen; nichts ist überfällig.',
  'Start the application, or a worker.': 'Die Anwendung starten, oder einen Worker.',
  'Start the application, or a worker. Until then nothing is backed up by itself.':
    'Die Anwendung starten, oder einen Worker. Bis dahin wird nichts von selbst gesichert.',
  'Start the application, or a worker. It makes up for it with one run.':
    'Die Anwendung starten, oder einen Worker. Er holt es mit einem Lauf nach.',

  '{message} It holds none.': '{message} Sie enthält keine.',

  // What is kept
  'the newest {n}': 'die neuesten {n}',
  'the newest {n}, those of {days} days': 'die neuesten {n}, die der letzten {days} Tage',
  'those of {days} days': 'die der letzten {days} Tage',

  // Reminders
  due: 'fällig',
  'It could not be found out whether it was done.': 'Ob es getan wurde, ließ sich nicht feststellen.',
  'No verification has restored a backup. {why}': 'Noch keine Prüfung hat eine Sicherung wiederhergestellt. {why}',
  'Only people can see whether it was done.': 'Ob es getan wurde, sehen nur Menschen.',
  'Look at what failed': 'Ansehen, was fehlgeschlagen ist',
  'Look at the jobs that failed: {tasks.list}.': 'Die fehlgeschlagenen Aufträge ansehen: {tasks.list}.',
  'Nothing failed in the last 7 days.': 'In den letzten 7 Tagen ist nichts fehlgeschlagen.',
  '{n} job failed in the last 7 days, the last on {date}.':
    'In den letzten 7 Tagen ist {n} Auftrag fehlgeschlagen, am {date}.',
  '{n} jobs failed in the last 7 days, the last on {date}.':
    'In den letzten 7 Tagen sind {n} Aufträge fehlgeschlagen, der letzte am {date}.',
  'Close the open points of the production checklist': 'Die offenen Punkte der Checkliste für den Betrieb erledigen',
  'Look at the production checklist: {checklist}.': 'Die Checkliste für den Betrieb ansehen: {checklist}.',
  'No point is open.': 'Kein Punkt ist offen.',
  'Open: {points}.': 'Offen: {points}.',
  'and {n} more': 'und {n} weitere',
  'Drill a restore, and look at the report': 'Eine Wiederherstellung üben und den Bericht ansehen',
  'Drill a restore: {drills.run}. The reports: {drills.list}.':
    'Eine Wiederherstellung üben: {drills.run}. Die Berichte: {drills.list}.',
  'The last good drill: {date}.': 'Die letzte gelungene Übung: {date}.',
  'The last good drill: never.': 'Die letzte gelungene Übung: nie.',
  'The last good drill of "{name}": {date}.': 'Die letzte gelungene Übung von „{name}“: {date}.',
  'The last good drill of "{name}": never.': 'Die letzte gelungene Übung von „{name}“: nie.',
  'Drill a restore from the copy': 'Eine Wiederherstellung aus der Kopie üben',
  'Drill a restore, and name the copy: {drills.run}.':
    'Eine Wiederherstellung üben und die Kopie nennen: {drills.run}.',
  'No copy is configured.': 'Keine Kopie ist eingerichtet.',
  'The last good drill from a copy: {date}.': 'Die letzte gelungene Übung aus einer Kopie: {date}.',
  'The last good drill from a copy: never.': 'Die letzte gelungene Übung aus einer Kopie: nie.',
  'Review who has access to the backups': 'Durchsehen, wer Zugang zu den Sicherungen hat',
  'Look at the roles of your application, the keys of the repository, the accounts of its storage, and the audit log.':
    'Die Rollen der Anwendung, die Schlüssel des Repositorys, die Konten seines Speichers und das Prüfprotokoll ansehen.',
  'Replace the key of the repository': 'Den Schlüssel des Repositorys ersetzen',
  'Put a new key in the place of the old one: {keys.rotate}.':
    'Einen neuen Schlüssel an die Stelle des alten setzen: {keys.rotate}.',
  'The repository is not sealed.': 'Das Repository ist nicht versiegelt.',
  'The newest key was made: {date}.': 'Der neueste Schlüssel ist vom {date}.',
  'The newest key was made: never.': 'Einen Schlüssel gab es noch nie.',
  'Make the recovery kit new, and store it elsewhere': 'Das Notfall-Kit neu erstellen und anderswo aufbewahren',
  'Make it and print it: {keys.recoveryKit}.': 'Erstellen und drucken: {keys.recoveryKit}.',
  'The recovery kit was last taken: {date}.': 'Das Notfall-Kit wurde zuletzt erstellt: {date}.',
  'The recovery kit was last taken: never.': 'Das Notfall-Kit wurde zuletzt erstellt: nie.',
  'Follow the recovery plan on an empty machine': 'Den Notfallplan auf einer leeren Maschine durchgehen',
  'Print it and do what it says: {recoveryPlan}.': 'Drucken und danach handeln: {recoveryPlan}.',

  // How a restore, and what goes wrong with a folder, ended
  'The restored data is live in "{database}".': 'Die wiederhergestellten Daten sind live in „{database}“.',
  'The restored data is live in "{database}". What it replaced is kept as "{kept}".':
    'Die wiederhergestellten Daten sind live in „{database}“. Was sie ersetzten, ist als „{kept}“ aufbewahrt.',
  'The restored data is live in "{database}", but not everything is in place: {problem} What it replaced is kept as "{kept}".':
    'Die wiederhergestellten Daten sind live in „{database}“, aber nicht alles ist an seinem Platz: {problem} Was sie ersetzten, ist als „{kept}“ aufbewahrt.',
  'The restored data is live in "{database}", but not everything is in place: {problem}':
    'Die wiederhergestellten Daten sind live in „{database}“, aber nicht alles ist an seinem Platz: {problem}',
  'The folder {path} is not there.': 'Der Ordner {path} fehlt.',

  // Why what would be lost cannot be counted
  'it is of another server': 'sie ist von einem anderen Server',
  'the live database was restored or made since':
    'die Live-Datenbank wurde seitdem wiederhergestellt oder neu angelegt',
  'the block size changed': 'die Blockgröße hat sich geändert',
  'the setting {name} changed': 'die Einstellung {name} hat sich geändert',
  'the server has gone back in time': 'der Server steht auf einem früheren Stand',
  'too many transactions ago': 'zu viele Transaktionen sind seitdem vergangen',
  'the database was made or altered since': 'die Datenbank wurde seitdem angelegt oder geändert',
  'its marker is gone: the server was put back, or failed over':
    'ihre Marke ist weg: der Server wurde zurückgesetzt, oder ein anderer hat übernommen',
  'the server was restarted, and runs with fsync off': 'der Server wurde neu gestartet und läuft ohne fsync',

  // Why a backup stays or goes
  'it is pinned': 'sie ist angeheftet',
  'it has just been made': 'sie wurde gerade erst erstellt',
  'its pin or a verification of it cannot be read': 'ihre Anheftung oder eine ihrer Prüfungen ist nicht lesbar',
  'an undo of a restore or rewind needs it': 'die Rücknahme einer Wiederherstellung oder Rückspulung braucht sie',
  'it is the last good backup of its database': 'sie ist die letzte gute Sicherung ihrer Datenbank',
  'its database has no good backup, so nothing goes': 'ihre Datenbank hat keine gute Sicherung, darum fällt nichts weg',
  'it is a safety backup that has not expired': 'sie ist eine Sicherheitskopie, deren Frist noch läuft',
  'it is within the limits': 'sie liegt innerhalb der Grenzen',
  'it is one of {n} hourly backups': 'sie ist eine von {n} stündlichen Sicherungen',
  'it is one of {n} daily backups': 'sie ist eine von {n} täglichen Sicherungen',
  'it is one of {n} weekly backups': 'sie ist eine von {n} wöchentlichen Sicherungen',
  'it is one of {n} monthly backups': 'sie ist eine von {n} monatlichen Sicherungen',
  'it is one of {n} yearly backups': 'sie ist eine von {n} jährlichen Sicherungen',
  '{n} newer good backups exist': 'es gibt {n} neuere gute Sicherungen',
  'it is older than {n} days': 'sie ist älter als {n} Tage',
  'it is a safety backup older than {n} days': 'sie ist eine Sicherheitskopie, die älter ist als {n} Tage',
  'the clocks do not agree with the newest backup, so nothing goes':
    'die Uhren passen nicht zur neuesten Sicherung, darum fällt nichts weg',
  'more than half of the backups would go at once': 'mehr als die Hälfte der Sicherungen fiele auf einmal weg',

  // How rows of a table came into a backup
  'the first backup': 'die erste Sicherung',
  'no earlier backup of this very database': 'keine frühere Sicherung genau dieser Datenbank',
  'the earlier backup {number} cannot be read': 'die frühere Sicherung {number} ist nicht lesbar',
  'backup {number} is from the future': 'Sicherung {number} liegt in der Zukunft',
  'the last full backup is {n} days old': 'die letzte vollständige Sicherung ist {n} Tage alt',
  'verification found backup {number} wrong': 'eine Prüfung fand Sicherung {number} fehlerhaft',
  'what backup {number} says of its tables cannot be read':
    'was Sicherung {number} über ihre Tabellen sagt, ist nicht lesbar',
  'backup {number} is no base: {why}': 'Sicherung {number} taugt nicht zum Vergleich: {why}',
  'it left no marker, and what it saw was not known to be on disk':
    'sie hinterließ keine Marke, und ob auf der Platte lag, was sie sah, war nicht bekannt',
  'the server was restarted, and it left no marker': 'der Server wurde neu gestartet, und sie hinterließ keine Marke',
  'the server has gone back in its log': 'der Server ist in seinem Log zurückgegangen',
  '{n} of {all} segment': '{n} von {all} Segment',
  '{n} of {all} segments': '{n} von {all} Segmenten',
  'no transaction has ended since': 'seitdem ist keine Transaktion zu Ende gegangen',
  'full: {why}': 'ganz: {why}',
  'rows left out': 'Zeilen ausgelassen',
  'new table': 'neue Tabelle',
  'its rows were left out before': 'ihre Zeilen waren zuvor ausgelassen',
  'access method {name}': 'Zugriffsmethode {name}',
  'read under a condition': 'unter einer Bedingung gelesen',
  'read by COPY alone: {why}': 'nur durch COPY gelesen: {why}',
  'a column prints what other rows or unknown code say':
    'was eine Spalte ausgibt, hängt von anderen Zeilen oder unbekanntem Code ab',
  'access method changed': 'die Zugriffsmethode hat sich geändert',
  'relfilenode changed': 'die Datei der Tabelle wurde neu geschrieben',
  'columns or types changed': 'Spalten oder Typen haben sich geändert',
  'not read by blocks ({plan})': 'nicht nach Blöcken gelesen ({plan})',
  'asked for': 'so verlangt',
  'no full backup of this database to compare with': 'keine vollständige Sicherung dieser Datenbank zum Vergleichen',
  'pg_largeobject cannot be read': 'pg_largeobject ist nicht lesbar',
  'pg_largeobject was not read before': 'pg_largeobject wurde zuvor nicht gelesen',
  '{n} table': '{n} Tabelle',
  '{n} tables': '{n} Tabellen',
} as const
