/**
 * What the server says of how things stand: verdict, health, checklist, checks, plans. `{name}` stands for what changes; what
 * is not here is shown in English.
 */
export const serverMessages = {
  // Whether a database is protected
  'There is no backup of "{database}" yet.': 'Von „{database}“ gibt es noch keine Sicherung.',
  'There is no backup of "{database}" on this server yet; {n} backup of that name are of another server.':
    'Von „{database}“ auf diesem Server gibt es noch keine Sicherung; {n} Sicherung dieses Namens ist von einem anderen Server.',
  'There is no backup of "{database}" on this server yet; {n} backups of that name are of another server.':
    'Von „{database}“ auf diesem Server gibt es noch keine Sicherung; {n} Sicherungen dieses Namens sind von einem anderen Server.',
  'Backup {number} of "{database}" is good, not verified yet.':
    'Sicherung {number} von „{database}“ ist gut, noch nicht geprüft.',
  'Backup {number} of "{database}" is good, verified ({level}).':
    'Sicherung {number} von „{database}“ ist gut, geprüft ({level}).',
  'Backup {number} of "{database}" failed its last verification ({level}).':
    'Sicherung {number} von „{database}“ hat ihre letzte Prüfung nicht bestanden ({level}).',
  'Backup {number} of "{database}" failed its last verification ({level}): {problem}':
    'Sicherung {number} von „{database}“ hat ihre letzte Prüfung nicht bestanden ({level}): {problem}',
  'Backup {number} of "{database}" is the newest one and is older than {hours} hours.':
    'Sicherung {number} von „{database}“ ist die neueste und älter als {hours} Stunden.',
  'Backup {number} of "{database}" is the newest one and is from the future by one of the clocks: how old it is cannot be told.':
    'Sicherung {number} von „{database}“ ist die neueste und liegt nach einer der Uhren in der Zukunft: ihr Alter ist nicht feststellbar.',
  'Backup {number} of "{database}" is completed with losses: {n} file of its media could not be read.':
    'Sicherung {number} von „{database}“ ist mit Verlusten abgeschlossen: {n} Datei ihrer Medien war nicht lesbar.',
  'Backup {number} of "{database}" is completed with losses: {n} files of its media could not be read.':
    'Sicherung {number} von „{database}“ ist mit Verlusten abgeschlossen: {n} Dateien ihrer Medien waren nicht lesbar.',
  'Backup {number} of "{database}" is good, but older ones failed their last verification: {numbers}.':
    'Sicherung {number} von „{database}“ ist gut, aber ältere haben ihre letzte Prüfung nicht bestanden: {numbers}.',
  'Backup {number} of "{database}" is good, but the last drill, of backup {drilled}, failed: {problem}':
    'Sicherung {number} von „{database}“ ist gut, aber die letzte Übung, mit Sicherung {drilled}, ist gescheitert: {problem}',
  'Backup {number} of "{database}" is good. {message}': 'Sicherung {number} von „{database}“ ist gut. {message}',
  'The last backup failed: {problem}': 'Die letzte Sicherung ist fehlgeschlagen: {problem}',
  'The last backup was interrupted: {problem}': 'Die letzte Sicherung wurde unterbrochen: {problem}',
  'The last backup was interrupted.': 'Die letzte Sicherung wurde unterbrochen.',
  'The database server does not answer: no backup can be made now.':
    'Der Datenbankserver antwortet nicht: jetzt ist keine Sicherung möglich.',
  'Look at the server and the URL of the database: {doctor}.':
    'Den Server und die URL der Datenbank ansehen: {doctor}.',
  'There is no catalog: the schedule is not known.': 'Es gibt keinen Katalog: der Zeitplan ist nicht bekannt.',
  'No schedule makes backups: they are made only when a person or a program asks.':
    'Kein Zeitplan erstellt Sicherungen: sie entstehen nur, wenn eine Person oder ein Programm es verlangt.',
  'Turn the schedule on: {config.change}.': 'Den Zeitplan einschalten: {config.change}.',
  'The queue is paused: scheduled backups do not begin.':
    'Die Warteschlange ist angehalten: geplante Sicherungen beginnen nicht.',
  'A scheduled backup should have begun {minutes} minutes ago and has not.':
    'Eine geplante Sicherung hätte vor {minutes} Minuten beginnen sollen und hat es nicht.',
  'See what runs the schedule: {doctor}.': 'Ansehen, was den Zeitplan ausführt: {doctor}.',
  'A backup has rows that are missing or rewritten, and no one has looked at it.':
    'In einer Sicherung fehlen Zeilen oder sind umgeschrieben, und niemand hat es bisher angesehen.',
  'Look at it: {alarms.list}.': 'Ansehen: {alarms.list}.',
  'No backup of this database was verified yet.': 'Noch keine Sicherung dieser Datenbank wurde geprüft.',
  'Verify one: {backups.verify}.': 'Eine prüfen: {backups.verify}.',
  'Make one: {backups.create}.': 'Eine erstellen: {backups.create}.',

  // Health
  'There is no backup.': 'Es gibt keine Sicherung.',
  'The newest backup failed its last verification.': 'Die neueste Sicherung hat ihre letzte Prüfung nicht bestanden.',
  'Make another one: {backups.create}.': 'Eine weitere erstellen: {backups.create}.',
  'A restore would lose {time} of work, more than twice the {limit} that are meant.':
    'Eine Wiederherstellung würde {time} Arbeit verlieren, mehr als das Doppelte der vorgesehenen {limit}.',
  'Look why none was made: {tasks.list}.': 'Ansehen, warum keine entstand: {tasks.list}.',
  'A restore would lose {time} of work; the objective is {limit}.':
    'Eine Wiederherstellung würde {time} Arbeit verlieren; das Ziel sind {limit}.',
  'The audit log was changed.': 'Das Prüfprotokoll wurde verändert.',
  'See where: {audit.verify}.': 'Ansehen, wo: {audit.verify}.',
  'Look at the server: {doctor}.': 'Den Server ansehen: {doctor}.',
  'No backup was ever restored or drilled.': 'Noch nie wurde eine Sicherung wiederhergestellt oder eine Übung gemacht.',
  'Drill one: {drills.run}.': 'Eine Übung machen: {drills.run}.',
  'Rows are missing or rewritten, and no one has looked at it.':
    'Zeilen fehlen oder sind umgeschrieben, und niemand hat es bisher angesehen.',
  'The last drill failed.': 'Die letzte Übung ist gescheitert.',
  'See why: {drills.list}.': 'Ansehen, warum: {drills.list}.',
  'The last good drill or restore was {days} days ago.':
    'Die letzte gelungene Übung oder Wiederherstellung ist {days} Tage her.',
  'The recovery time was never measured.': 'Die Wiederherstellungszeit wurde nie gemessen.',
  'Measure it: {drills.run}.': 'Messen: {drills.run}.',
  'A recovery took {time} min; the objective is {limit} min.':
    'Eine Wiederherstellung dauerte {time} min; das Ziel sind {limit} min.',
  'No backup was verified in the last seven days.': 'In den letzten sieben Tagen wurde keine Sicherung geprüft.',
  'Not all that is stored was read again in the period of the scrub.':
    'Nicht alles Gespeicherte wurde in der Frist der Tiefenprüfung noch einmal gelesen.',
  'The last scrub found damaged or missing packs.': 'Die letzte Tiefenprüfung fand beschädigte oder fehlende Packs.',
  'Repair from a copy: {maintenance.repair}.': 'Aus einer Kopie reparieren: {maintenance.repair}.',
  'A backup has an odd size, and no one has looked at it.':
    'Eine Sicherung hat eine auffällige Größe, und niemand hat es bisher angesehen.',
  'No schedule makes backups.': 'Kein Zeitplan erstellt Sicherungen.',
  'Turn it on: {config.change}.': 'Einschalten: {config.change}.',
  'There is no catalog: runs and messages are not known.':
    'Es gibt keinen Katalog: Läufe und Nachrichten sind nicht bekannt.',
  'Go on: {tasks.resume}.': 'Fortsetzen: {tasks.resume}.',
  'A scheduled backup should have begun {time} ago.': 'Eine geplante Sicherung hätte vor {time} beginnen sollen.',
  'The last backup failed.': 'Die letzte Sicherung ist fehlgeschlagen.',
  'See why: {tasks.list}.': 'Ansehen, warum: {tasks.list}.',
  '{n} of the backups of the last 30 days failed.': '{n} der Sicherungen der letzten 30 Tage sind fehlgeschlagen.',
  'There is no second copy of the repository.': 'Es gibt keine zweite Kopie des Repositorys.',
  'Configure one by the option `copies`.': 'Mit der Option `copies` eine einrichten.',
  'A copy of the repository is behind, or away.': 'Eine Kopie des Repositorys ist im Rückstand oder weg.',
  'Bring it up to date: {copies.update}.': 'Auf den neuesten Stand bringen: {copies.update}.',
  'Keep less, or give it more space: {retention.preview}.':
    'Weniger aufbewahren oder mehr Platz geben: {retention.preview}.',
  'No channel has taken a message in the last 30 days.':
    'In den letzten 30 Tagen hat kein Kanal eine Nachricht angenommen.',
  'Try one: {notifications.test}.': 'Einen testen: {notifications.test}.',
  'A channel takes no messages.': 'Ein Kanal nimmt keine Nachrichten an.',
  'See which: {notifications.list}.': 'Ansehen, welcher: {notifications.list}.',
  'No one has taken the recovery kit: with the key, everything is lost.':
    'Niemand hat das Notfall-Kit erstellt: mit dem Schlüssel ist alles verloren.',
  'Take it: {keys.recoveryKit}.': 'Erstellen: {keys.recoveryKit}.',

  // The production checklist
  'A database is configured': 'Eine Datenbank ist eingerichtet',
  'A backup is made, and the newest is good': 'Eine Sicherung ist erstellt, und die neueste ist gut',
  'A restore was tested': 'Eine Wiederherstellung wurde getestet',
  'The migration tool is known': 'Das Migrationswerkzeug ist bekannt',
  'The role may back up and restore': 'Die Rolle darf sichern und wiederherstellen',
  'Backups run by themselves': 'Sicherungen laufen von selbst',
  'Media folders can be read, and are in backups': 'Medienordner sind lesbar und in Sicherungen enthalten',
  'What is stored is read again by itself': 'Gespeichertes wird von selbst wieder gelesen',
  'Retention is set': 'Die Aufbewahrung ist festgelegt',
  'Backups lie in a second place': 'Sicherungen liegen an einem zweiten Ort',
  'Backups are encrypted': 'Sicherungen sind verschlüsselt',
  'There is a second key, or the recovery kit was taken':
    'Es gibt einen zweiten Schlüssel, oder das Notfall-Kit ist erstellt',
  'There is enough space': 'Es gibt genug Platz',
  'Folders are ours, and closed to others': 'Ordner gehören uns und sind für andere geschlossen',
  'A channel reports failures, and has delivered': 'Ein Kanal meldet Fehler und hat zugestellt',
  'No database is configured.': 'Keine Datenbank ist eingerichtet.',
  'Give the URL of the database: {databaseUrl}.': 'Die URL der Datenbank angeben: {databaseUrl}.',
  'Make a backup: {backups.create}.': 'Eine Sicherung erstellen: {backups.create}.',
  'No backup is good.': 'Keine Sicherung ist gut.',
  '{message} Every row was last read on {date}.': '{message} Jede Zeile wurde zuletzt am {date} gelesen.',
  'Restore one into a scratch database: {backups.verify}, level `restore`.':
    'Eine in eine Wegwerf-Datenbank wiederherstellen: {backups.verify}, Stufe `restore`.',
  'The last test of a restore failed on {date}: {problem}':
    'Der letzte Test einer Wiederherstellung ist am {date} gescheitert: {problem}',
  'The last tested restore is dated {date}, in the future: a clock is wrong.':
    'Die letzte getestete Wiederherstellung trägt das Datum {date}, in der Zukunft: eine Uhr geht falsch.',
  'A restore ended well on {date}.': 'Am {date} ist eine Wiederherstellung gelungen.',
  'The last tested restore is from {date}, more than {days} days ago.':
    'Die letzte getestete Wiederherstellung ist vom {date}, mehr als {days} Tage her.',
  'No backup was ever restored.': 'Noch nie wurde eine Sicherung wiederhergestellt.',
  'See that the server answers: {doctor}.': 'Sehen, dass der Server antwortet: {doctor}.',
  'The database has the history of a migration tool ({names}), and no inspector reads it: a restore cannot tell how the data stands to the code.':
    'Die Datenbank hat die Geschichte eines Migrationswerkzeugs ({names}), und kein Inspektor liest sie: eine Wiederherstellung kann nicht sagen, wie die Daten zum Code stehen.',
  'Name the tool in the option `migrations`: docs/migrations.md.':
    'Das Werkzeug in der Option `migrations` nennen: docs/migrations.md.',
  'The database shows no migration tool.': 'Die Datenbank zeigt kein Migrationswerkzeug.',
  'An inspector reads {names}.': 'Ein Inspektor liest {names}.',
  'What the role may do could not be found out.': 'Was die Rolle darf, ließ sich nicht feststellen.',
  'Configure a catalog, then turn the schedule on: {config.change}.':
    'Einen Katalog einrichten, dann den Zeitplan einschalten: {config.change}.',
  'No schedule makes backups of it.': 'Kein Zeitplan erstellt Sicherungen von ihr.',
  'Let it go on: {tasks.resume}.': 'Fortsetzen: {tasks.resume}.',
  'It could not be found out whether a process runs the schedule.':
    'Ob ein Prozess den Zeitplan ausführt, ließ sich nicht feststellen.',
  'See that the repository opens: {doctor}.': 'Sehen, dass sich das Repository öffnen lässt: {doctor}.',
  'No media folder is configured.': 'Kein Medienordner ist eingerichtet.',
  'It could not be found out whether the media folders can be read.':
    'Ob die Medienordner lesbar sind, ließ sich nicht feststellen.',
  '{message} No backup holds them yet.': '{message} Noch keine Sicherung enthält sie.',
  'Make one with media: {backups.create}; by schedule: {config.change} with auto_backup_include_media.':
    'Eine mit Medien erstellen: {backups.create}; nach Zeitplan: {config.change} mit auto_backup_include_media.',
  '{message} The newest backup with media is from {date}.':
    '{message} Die neueste Sicherung mit Medien ist vom {date}.',
  'Have it read again in the background: {config.change} with scrub_days=30.':
    'Im Hintergrund wieder lesen lassen: {config.change} mit scrub_days=30.',
  'Neither a scrub nor a verification is scheduled.': 'Weder eine Tiefenprüfung noch eine Prüfung ist geplant.',
  'A scrub is scheduled and has not run yet.': 'Eine Tiefenprüfung ist geplant und noch nicht gelaufen.',
  'A verification is scheduled and has not run yet.': 'Eine Prüfung ist geplant und noch nicht gelaufen.',
  'Wait for it, or verify a backup: {backups.verify}.': 'Darauf warten, oder eine Sicherung prüfen: {backups.verify}.',
  'A scrub is scheduled; what is stored was last read on {date}.':
    'Eine Tiefenprüfung ist geplant; Gespeichertes wurde zuletzt am {date} gelesen.',
  'A verification is scheduled; what is stored was last read on {date}.':
    'Eine Prüfung ist geplant; Gespeichertes wurde zuletzt am {date} gelesen.',
  'Say what is kept: {config.change}; see what would go: {retention.preview}.':
    'Sagen, was aufbewahrt wird: {config.change}; sehen, was wegfiele: {retention.preview}.',
  'Everything is kept for ever: one day the storage is full.':
    'Alles wird für immer aufbewahrt: eines Tages ist der Speicher voll.',
  'Kept: {what}.': 'Aufbewahrt: {what}.',
  'Name a storage elsewhere in the option `copies`, then fill it: {copies.update}.':
    'In der Option `copies` einen Speicher an anderem Ort nennen, dann füllen: {copies.update}.',
  'All backups lie in one place.': 'Alle Sicherungen liegen an einem Ort.',
  'The copy lies on the disk of the repository: one broken disk takes both.':
    'Die Kopie liegt auf der Platte des Repositorys: eine kaputte Platte nimmt beide mit.',
  'Backups are not encrypted: all who can read the storage can read the data.':
    'Sicherungen sind nicht verschlüsselt: wer den Speicher lesen kann, kann die Daten lesen.',
  'Make a new repository with a passphrase or a key: {repository.init}.':
    'Ein neues Repository mit Passphrase oder Schlüssel anlegen: {repository.init}.',
  'Backups are sealed with AES-256-GCM.': 'Sicherungen sind mit AES-256-GCM versiegelt.',
  'Add a second key, {keys.add}, or take the recovery kit and keep it elsewhere: {keys.recoveryKit}.':
    'Einen zweiten Schlüssel hinzufügen, {keys.add}, oder das Notfall-Kit erstellen und anderswo aufbewahren: {keys.recoveryKit}.',
  'Without encryption no key can be lost.': 'Ohne Verschlüsselung kann kein Schlüssel verloren gehen.',
  '{n} keys open the repository.': '{n} Schlüssel öffnen das Repository.',
  'One key opens the repository, and its recovery kit was never taken.':
    'Ein Schlüssel öffnet das Repository, und sein Notfall-Kit wurde nie erstellt.',
  'The recovery kit is older than the key that opens the repository.':
    'Das Notfall-Kit ist älter als der Schlüssel, der das Repository öffnet.',
  'The recovery kit was taken on {date}.': 'Das Notfall-Kit wurde am {date} erstellt.',
  'The storage is a service that has no disk of its own to fill.':
    'Der Speicher ist ein Dienst ohne eigene Platte, die voll werden könnte.',
  'The storage does not say how much space is free.': 'Der Speicher sagt nicht, wie viel Platz frei ist.',
  'Look at its free space where it is kept.': 'Den freien Platz dort ansehen, wo er liegt.',
  'The folder of the repository could not be looked at.': 'Der Ordner des Repositorys war nicht anzusehen.',
  'Nothing is written into folders of this machine.': 'In Ordner dieser Maschine wird nichts geschrieben.',
  'Name a channel in the option `notifications`, then try it: {notifications.test}.':
    'In der Option `notifications` einen Kanal nennen, dann testen: {notifications.test}.',
  'No channel is configured: a failure is seen by chance.':
    'Kein Kanal ist eingerichtet: ein Fehler fällt nur durch Zufall auf.',
  'No channel reports failures.': 'Kein Kanal meldet Fehler.',
  '"{name}" last delivered on {date}.': '„{name}“ hat zuletzt am {date} zugestellt.',
  '{names}: nothing was ever delivered.': '{names}: noch nie wurde etwas zugestellt.',
  '{names}: messages fail now.': '{names}: Nachrichten scheitern jetzt.',
  'Look at every check: {doctor}.': 'Jede Prüfung ansehen: {doctor}.',
  'The role may read everything a backup needs. {message}':
    'Die Rolle darf alles lesen, was eine Sicherung braucht. {message}',
  'The role may create databases: restores can swap. {message}':
    'Die Rolle darf Datenbanken anlegen: Wiederherstellungen können tauschen. {message}',

  // Checks of doctor
  'The role may read everything a backup needs.': 'Die Rolle darf alles lesen, was eine Sicherung braucht.',
  'The role may create databases: restores can swap.':
    'Die Rolle darf Datenbanken anlegen: Wiederherstellungen können tauschen.',
  'The role cannot create databases: only in-place restores are possible, which lock the site.':
    'Die Rolle darf keine Datenbanken anlegen: nur Wiederherstellungen an Ort und Stelle sind möglich, sie sperren die Anwendung.',
  'A restore can swap: the role may make all there is.':
    'Eine Wiederherstellung kann tauschen: die Rolle darf alles anlegen.',
  '"{role}" is a superuser: functions in the database\'s definitions run near its rights while it is restored or verified.':
    '„{role}“ ist Superuser: Funktionen aus den Definitionen der Datenbank laufen beim Wiederherstellen oder Prüfen nahe an dessen Rechten.',
  'Use a role that owns the database and has CREATEDB; see docs/managed-postgresql.md.':
    'Eine Rolle benutzen, der die Datenbank gehört und die CREATEDB hat; siehe docs/managed-postgresql.md.',
  'The repository at {place} opens.': 'Das Repository unter {place} lässt sich öffnen.',
  '{place} can be written, and is closed to others.': '{place} ist beschreibbar und für andere geschlossen.',
  '{place} can be written.': '{place} ist beschreibbar.',
  '{user} may not use {file} in {place}: another user (root?) has run Lifeboat there. Backups and restores fail of it.':
    '{user} darf {file} in {place} nicht benutzen: ein anderer Benutzer (root?) hat Lifeboat dort ausgeführt. Sicherungen und Wiederherstellungen scheitern daran.',
  '{user} may not read and write {place}: another user (root?) has made it.':
    '{user} darf {place} nicht lesen und schreiben: ein anderer Benutzer (root?) hat es angelegt.',
  'Other users of this machine may look into {place}, which has mode {mode}.':
    'Andere Benutzer dieser Maschine können in {place} sehen, Modus {mode}.',
  'The storage can be written, read and deleted from.': 'Der Speicher ist beschreibbar und lesbar, und löschen geht.',
  'What was written to the storage came back different.': 'Was in den Speicher geschrieben wurde, kam anders zurück.',
  '{amount} GB are free at the repository.': '{amount} GB sind beim Repository frei.',
  'The reserve of {n} MiB in the repository is not there: on a full storage even deleting could fail.':
    'Die Reserve von {n} MiB im Repository fehlt: bei vollem Speicher könnte selbst das Löschen scheitern.',
  'The next backup makes it again where four times its size is free. Until then forget old backups, run {maintenance.prune}, or give it more space.':
    'Die nächste Sicherung legt sie wieder an, wo viermal so viel frei ist. Bis dahin alte Sicherungen entfernen, {maintenance.prune} ausführen oder mehr Platz geben.',
  'Only {amount} are free at the repository.': 'Nur {amount} sind beim Repository frei.',
  'Forget old backups and run {maintenance.prune}, or give it more space.':
    'Alte Sicherungen entfernen und {maintenance.prune} ausführen, oder mehr Platz geben.',
  'recover.mjs in the repository is the shipped one, SHA-256 {hash}.':
    'recover.mjs im Repository ist das ausgelieferte, SHA-256 {hash}.',
  'What is stored is read again when you verify it, not in the background.':
    'Gespeichertes wird beim Prüfen wieder gelesen, nicht im Hintergrund.',
  'To have it read again in the background: {config.change} with scrub_days=30.':
    'Um es im Hintergrund wieder lesen zu lassen: {config.change} mit scrub_days=30.',
  'No restore has left anything behind.': 'Keine Wiederherstellung hat etwas hinterlassen.',
  '"{database}" was left behind by restore {restore}, which died.':
    '„{database}“ blieb von Wiederherstellung {restore} zurück, die abgebrochen ist.',
  '"{fresh}" was left behind for the media folder {folder} by restore {restore}.':
    '„{fresh}“ blieb für den Medienordner {folder} von Wiederherstellung {restore} zurück.',
  '"{fresh}" was left behind for the media folder {folder} by restore {restore}, and waits for the folder {other}, which shows nothing of it.':
    '„{fresh}“ blieb für den Medienordner {folder} von Wiederherstellung {restore} zurück und wartet auf den Ordner {other}, in dem nichts davon zu sehen ist.',
  'Put it into place, or remove it where its database is not live, with {maintenance.cleanLeftovers}.':
    'Mit {maintenance.cleanLeftovers} an seinen Ort bringen, oder entfernen, wo seine Datenbank nicht live ist.',
  'Mount it and run {maintenance.cleanLeftovers}. Where it does not come back, add {without} {place}.':
    'Einhängen und {maintenance.cleanLeftovers} ausführen. Wo er nicht wiederkommt, {without} {place} hinzufügen.',
  'Remove it with {maintenance.cleanLeftovers}.': 'Entfernen mit {maintenance.cleanLeftovers}.',
  'Drop it with {maintenance.cleanLeftovers}.': 'Löschen mit {maintenance.cleanLeftovers}.',
  'The audit log is as it was recorded.': 'Das Prüfprotokoll ist, wie es aufgezeichnet wurde.',
  'The clocks of this machine and of {name} agree.': 'Die Uhr dieser Maschine geht gleich mit {name}.',
  'The clock of this machine is {time} ahead of that of {name}.':
    'Die Uhr dieser Maschine geht gegenüber {name} {time} vor.',
  'The clock of this machine is {time} behind that of {name}.':
    'Die Uhr dieser Maschine geht gegenüber {name} {time} nach.',
  'The media folder {path} ("{name}") is not there: backups with media fail.':
    'Der Medienordner {path} („{name}“) fehlt: Sicherungen mit Medien scheitern.',
  'The media folder {path} can be read: {n} entries.': 'Der Medienordner {path} ist lesbar: {n} Einträge.',
  'The media folder {path} can be read: {n} entry.': 'Der Medienordner {path} ist lesbar: {n} Eintrag.',
  'Bring copy "{name}" up to date with {copies.update}.':
    'Kopie „{name}“ mit {copies.update} auf den neuesten Stand bringen.',
  'Run {maintenance.check} to see what else is damaged.': 'Mit {maintenance.check} sehen, was noch beschädigt ist.',
  'Copy "{name}" holds {n} backups.': 'Kopie „{name}“ enthält {n} Sicherungen.',
  'Copy "{name}" holds {n} backup.': 'Kopie „{name}“ enthält {n} Sicherung.',
  'No schedule is due, and no process is needed.': 'Kein Zeitplan ist fällig, und kein Prozess wird gebraucht.',

  // Steps of a restore
  'Check that every pack is there in its full size.': 'Prüfen, dass jedes Pack in voller Größe da ist.',
  'Back up {what} first ("Pre-restore safety backup").': '{what} zuerst sichern („Pre-restore safety backup“).',
  'Back up what is in the media folders {names} first ("Pre-restore safety backup").':
    'Den Inhalt der Medienordner {names} zuerst sichern („Pre-restore safety backup“).',
  'Create a new database beside the live one, from template0.':
    'Neben der Live-Datenbank eine neue aus template0 anlegen.',
  'Create schemas, types, functions and tables.': 'Schemata, Typen, Funktionen und Tabellen anlegen.',
  'Create schemas, types, functions and tables as backup {n} has them; of the file come rows, values of sequences and large objects alone.':
    'Schemata, Typen, Funktionen und Tabellen anlegen, wie Sicherung {n} sie hat; aus der Datei kommen nur Zeilen, Stände von Sequenzen und Large Objects.',
  'Load {n} row into {tables} and set sequences.': '{n} Zeile in {tables} laden und Sequenzen setzen.',
  'Load {n} rows into {tables} and set sequences.': '{n} Zeilen in {tables} laden und Sequenzen setzen.',
  'Create and fill {n} large object.': '{n} Large Object anlegen und füllen.',
  'Create and fill {n} large objects.': '{n} Large Objects anlegen und füllen.',
  'Build indexes, constraints, triggers and policies, in parallel with the rows.':
    'Indizes, Bedingungen, Trigger und Policies anlegen, gleichzeitig mit den Zeilen.',
  'Build indexes, constraints, triggers and policies.': 'Indizes, Bedingungen, Trigger und Policies anlegen.',
  'Refresh materialized views.': 'Materialisierte Sichten auffrischen.',
  "Compare the rows of every table with the backup's own count.":
    'Die Zeilen jeder Tabelle mit der Zählung der Sicherung vergleichen.',
  'Gather planner statistics (ANALYZE).': 'Statistik für den Planer sammeln (ANALYZE).',
  "Set the new database's owner, grants and settings as the live one has them.":
    'Eigentümer, Rechte und Einstellungen der neuen Datenbank wie bei der Live-Datenbank setzen.',
  "Set the new database's owner, grants and settings from the backup.":
    'Eigentümer, Rechte und Einstellungen der neuen Datenbank aus der Sicherung setzen.',
  'Swap: rename {name} aside and the new database to {same}, in one transaction; sessions are ended and reconnect.':
    'Tausch: {name} beiseite umbenennen und die neue Datenbank in {same}, in einer Transaktion; Sitzungen werden beendet und verbinden sich neu.',
  'Rename the new database to {name}.': 'Die neue Datenbank in {name} umbenennen.',
  'Read and check everything the backup holds.': 'Alles lesen und prüfen, was die Sicherung enthält.',
  'Begin one transaction; from here to its end others wait, about {time} s.':
    'Eine Transaktion beginnen; von hier bis zu ihrem Ende warten andere, etwa {time} s.',
  'Drop all objects in {name}.': 'Alle Objekte in {name} löschen.',
  'Commit: the database is the backup now.': 'Commit: die Datenbank ist jetzt die Sicherung.',
  'Create an empty database to work from while databases are renamed ("lifeboat_control_..."); it stays for an undo.':
    'Eine leere Datenbank anlegen, von der aus umbenannt wird („lifeboat_control_...“); sie bleibt für eine Rücknahme.',
  'Run {n} migration on the restored data: {names}.':
    '{n} Migration an den wiederhergestellten Daten ausführen: {names}.',
  'Run {n} migrations on the restored data: {names}.':
    '{n} Migrationen an den wiederhergestellten Daten ausführen: {names}.',
  "Run the application's own checks before migrations: {names}.":
    'Eigene Prüfungen der Anwendung vor den Migrationen ausführen: {names}.',
  "Run the application's own checks after migrations: {names}.":
    'Eigene Prüfungen der Anwendung nach den Migrationen ausführen: {names}.',
  'Unpack media, without touching what is live: {what}.': 'Medien entpacken, ohne zu berühren, was live ist: {what}.',
  'Put the unpacked media into place: {what}.': 'Die entpackten Medien an ihren Platz bringen: {what}.',
  'Take the catalog in schema {name} along; what would be written to it waits until the swap is done.':
    'Den Katalog im Schema {name} mitnehmen; was in ihn geschrieben würde, wartet bis nach dem Tausch.',
  'Search the copy for values that were masked; with one found, the copy is dropped.':
    'Die Kopie nach maskierten Werten durchsuchen; wird einer gefunden, wird die Kopie gelöscht.',

  'Keep some rows: {what}.': 'Einige Zeilen behalten: {what}.',

  // What stands in the way of a restore
  'The subset names table {name} in `{option}`, and the backup has none of that name, or it is left out.':
    'Die Teilmenge nennt Tabelle {name} in `{option}`, und die Sicherung hat keine dieses Namens, oder sie wird ausgelassen.',
  'The policy says of {name} both {one} and {other}.': 'Die Regeln sagen über {name} zweierlei: {one} und {other}.',
  'The subset names column {name}, and {why}.': 'Die Teilmenge nennt Spalte {name}, und {why}.',
  'The key {key} of {name} {why}: a subset cannot follow it.':
    'Der Schlüssel {key} von {name} {why}: eine Teilmenge kann ihm nicht folgen.',
  'The configured media folders stay as they are: the restored database is not the one they belong to.':
    'Die eingerichteten Medienordner bleiben, wie sie sind: die wiederhergestellte Datenbank ist nicht die, zu der sie gehören.',
  'The backup holds no such media: the media folders stay as they are.':
    'Die Sicherung enthält keine solchen Medien: die Medienordner bleiben, wie sie sind.',
  'Roles the backup refers to are missing here: {names}. Use {createRoles}, {roleMap}, or {noOwner} with {noPrivileges}.':
    'Rollen, auf die sich die Sicherung bezieht, fehlen hier: {names}. {createRoles} benutzen, {roleMap}, oder {noOwner} mit {noPrivileges}.',
  'Tablespaces are missing here: {names}. Create them, or use {noTablespaces}.':
    'Tablespaces fehlen hier: {names}. Anlegen, oder {noTablespaces} benutzen.',
  'Extensions are not installed on this server: {names}. Install their packages.':
    'Erweiterungen sind auf diesem Server nicht installiert: {names}. Ihre Pakete installieren.',
  'There is less free space on the server than the restored database is going to take.':
    'Auf dem Server ist weniger Platz frei, als die wiederhergestellte Datenbank braucht.',
  'The server is a standby. Restore on its primary.':
    'Der Server ist ein Standby. Auf seinem Primary wiederherstellen.',
  'Role {role} cannot create databases. Run ALTER ROLE ... CREATEDB, or restore in-place.':
    'Rolle {role} darf keine Datenbanken anlegen. ALTER ROLE ... CREATEDB ausführen, oder an Ort und Stelle wiederherstellen.',
  'Database {name} exists already. Choose another name, or strategy swap to replace it.':
    'Datenbank {name} besteht schon. Einen anderen Namen wählen, oder sie durch Tausch ersetzen.',
  'PostgreSQL allows 63 bytes for the name of a database.':
    'PostgreSQL erlaubt 63 Bytes für den Namen einer Datenbank.',
  '{tool}: the backup has migrations this code does not know: {names}. Deploy the newer code first, or choose an older backup.':
    '{tool}: die Sicherung hat Migrationen, die dieser Code nicht kennt: {names}. Zuerst den neueren Code ausliefern, oder eine ältere Sicherung wählen.',
  '{tool}: migrations were changed after they had been applied: {names}.':
    '{tool}: Migrationen wurden geändert, nachdem sie angewendet waren: {names}.',

  // Why retention keeps a backup or lets it go
  'It is pinned.': 'Sie ist angeheftet.',
  'It has just been made.': 'Sie ist eben erst entstanden.',
  'An undo of a restore or rewind needs it.': 'Die Rücknahme einer Wiederherstellung oder Rückspulung braucht sie.',
  'It is a safety backup that has not expired.': 'Sie ist eine Sicherheitskopie, deren Frist läuft.',
  'It is within the limits.': 'Sie liegt innerhalb der Grenzen.',
  'It is one of {n} hourly backups.': 'Sie ist eine von {n} stündlichen.',
  'It is one of {n} daily backups.': 'Sie ist eine von {n} täglichen.',
  'It is one of {n} weekly backups.': 'Sie ist eine von {n} wöchentlichen.',
  'It is one of {n} monthly backups.': 'Sie ist eine von {n} monatlichen.',
  'It is one of {n} yearly backups.': 'Sie ist eine von {n} jährlichen.',
  '{n} newer good backups exist.': 'Es gibt {n} neuere gute Sicherungen.',
  'It is older than {days} days.': 'Sie ist älter als {days} Tage.',
  'It is a safety backup older than {days} days.': 'Sie ist eine Sicherheitskopie und älter als {days} Tage.',
} as const
