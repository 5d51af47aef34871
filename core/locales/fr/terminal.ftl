### Ce que lit la personne qui installe, lance ou corrige : le terminal et les fautes du cours.

## Installation et réglages

setup-mistral-debug = MISTRAL_DEBUG est posé et écrirait les questions dans les journaux : enlève cette variable.
setup-setting = { $name } n'est pas bon : { $mend }
setup-env-file = Le fichier .env ne peut pas être lu : enregistre-le en UTF-8, une ligne NOM=valeur par réglage.
setting-mend-url = mets une adresse qui commence par https://.
setting-mend-temperature = mets un nombre entre 0 et 1,5.
setting-mend-timezone = mets un fuseau connu, par exemple Europe/Paris.
setting-mend-secret-key = mets un texte d'au moins 32 caractères.
setting-mend-token = recopie-la sans espace ni accent.
setting-mend-lang = mets fr ou en.
setting-mend-log-format = mets console ou json.
setting-mend-log-level = mets debug, info, warning ou error.
setting-mend-number = mets un nombre dans les limites données par .env.example.
setting-mend-flag = mets true ou false.
setting-unknown = { $name } n'est pas un réglage connu{ $near ->
    [none] .
   *[other] {" "}: voulais-tu { $near } ?
}
setup-database-url = DATABASE_URL n'est pas bon : mets un chemin de fichier, sqlite:///fichier ou postgresql://utilisateur@hôte/base.
setup-database-file = La base « { $file } » ne peut pas être ouverte : vérifie que le dossier existe et que tu peux y écrire.
setup-database-readonly = La base « { $file } » est en lecture seule : donne le droit d'écrire sur le fichier et son dossier.
setup-database-locked = La base « { $file } » est tenue par un autre programme : arrête-le ou attends qu'il ait fini.
setup-database-full = Il n'y a plus de place sur le disque pour « { $file } » : libère de la place.
setup-database-broken = « { $file } » n'est pas une base de Profond, ou elle est abîmée : restaure une sauvegarde ou change DATABASE_URL.
setup-postgres-extra = PostgreSQL demande un paquet de plus : pip install "profond[postgres]".
setup-postgres-away = PostgreSQL ne répond pas sur { $host } : vérifie qu'il tourne, puis l'utilisateur et le mot de passe de DATABASE_URL.
setup-schema-newer = La base vient d'une version plus récente de Profond : mets le programme à jour.
setup-key-missing = Avec PostgreSQL, PROFOND_SECRET_KEY est obligatoire : mets un texte d'au moins 32 caractères, et garde-le.
setup-key-wrong = La clé n'ouvre pas cette base : remets la PROFOND_SECRET_KEY (ou le fichier .key) avec laquelle elle a été créée.
setup-key-file = Le fichier de clé « { $file } » manque à côté de la base : restaure-le, ou mets PROFOND_SECRET_KEY.
setup-course = Le cours a { $count } faute(s) : corrige-les, puis relance « profond kb check ».
setup-prompt-missing = La consigne « { $file } » est introuvable : corrige « prompt » dans course.json.
setup-prompt-section = Il manque la partie « ## { $section } » dans { $file } : reprends-la de profond-1.md.
setup-questions-file = « { $file } » n'est pas une liste de questions : il faut du JSON avec id, kind, question et targets.
setup-output-file = « { $file } » ne peut pas être écrit : vérifie le dossier et les droits.
setup-prices = Le fichier de prix « { $file } » ne peut pas être lu : reprends la forme de core/prices.json.
setup-output-exists = « { $file } » existe déjà : choisis un autre nom, ou ajoute --force pour le remplacer.
setup-markdown = Le Markdown a { $count } faute(s), rien n'est écrit : corrige-les, puis recommence.
setup-markdown-file = « { $file } » ne peut pas être lu : vérifie le chemin et les droits, et enregistre-le en UTF-8.
setup-topic-unknown = Le sujet « { $name } » n'existe pas. Les plus proches : { $near }. Pour en faire un nouveau, ajoute --new-topic.
setup-topic-exists = Le sujet « { $name } » existe déjà : enlève --new-topic pour y ajouter la fiche.
setup-no-id = « { $title } » ne donne pas d'identifiant : mets-y des lettres sans accent ou des chiffres.

## Fautes du cours

fault-file-missing = fichier absent.
fault-not-utf8 = fichier à enregistrer en UTF-8.
fault-unreadable = fichier illisible : vérifie les droits.
fault-not-json = ce n'est pas du JSON : regarde la ligne { $line }, colonne { $column }.
fault-too-nested = fichier trop imbriqué.
fault-no-topics = aucun fichier de sujet dans ce dossier.
fault-field-missing = champ obligatoire absent.
fault-field-unknown = champ inconnu : corrige son nom ou enlève-le.
fault-level = niveau inconnu « { $value } » : mets beginner, intermediate ou advanced (ou débutant, intermédiaire, avancé).
fault-id = identifiant « { $value } » : seulement des minuscules, des chiffres et des tirets.
fault-empty = texte vide.
fault-not-text = il faut un texte entre guillemets.
fault-not-list = il faut une liste entre crochets.
fault-not-object = il faut un objet entre accolades.
fault-too-few = la liste est trop courte.
fault-other = valeur « { $value } » inattendue.
fault-double = « { $value } » existe déjà dans { $other } : change l'un des deux.
fault-dead-link = la fiche liée « { $value } » n'existe pas.
fault-content-differs = content n'est pas le texte de son propre niveau.
fault-level-missing = le niveau { $value } n'est pas écrit.
fault-few-aliases = moins de { $count } alias : ajoute les mots des étudiants.
fault-alias-double = l'alias « { $value } » est aussi sur { $other } : garde-le sur une seule fiche.
fault-not-calibrated = cours jamais calibré : lance « profond kb calibrate ».
fault-to-write = texte à écrire : remplace-le par le tien.
fault-long-level = { $count } mots, { $limit } au plus : coupe, ou fais deux fiches.
fault-long-card = la fiche entière fait { $count } caractères, { $limit } au plus dans un message : raccourcis-la.
fault-many-aliases = plus de { $limit } alias : garde les plus utiles, mets les mots isolés dans keywords.
fault-figure-missing = l'image « { $value } » n'est pas dans le dossier du cours : ajoute-la, ou corrige file.
fault-md-fence = ce bloc de code n'est pas fermé : ferme-le par une ligne de trois accents graves.
fault-md-no-topic = aucun titre de sujet : mets une ligne « ## Sujet » au-dessus des fiches, qui commencent par « ### Titre ».
fault-md-orphan = la fiche « { $title } » n'est dans aucun sujet : mets une ligne « ## Sujet » au-dessus.
fault-md-stray = ce texte n'est dans aucune fiche : mets une ligne « ### Titre » au-dessus, ou enlève-le.
fault-md-second-title = le cours a déjà son titre à la ligne { $line } : un sujet s'écrit « ## Sujet ».
fault-md-title = titre vide : écris-le après les #.
fault-md-section = partie inconnue « { $title } » : mets Débutant, Intermédiaire, Avancé ou un champ comme Exemple ; sinon écris-la en gras.
fault-md-twice = « { $label } » est là deux fois : une fiche n'en a qu'un.
fault-md-after-label = il y a du texte après les champs de la partie « { $label } » : remets-le au-dessus, avec le texte de la fiche.
fault-md-no-id = « { $title } » ne donne pas d'identifiant : ajoute-le au titre, comme ceci : { $example }.
fault-md-double = l'identifiant « { $value } » est déjà pris à la ligne { $line } : donne-en un autre au titre, comme ceci : { $example }.
fault-md-no-card = le sujet « { $title } » n'a pas de fiche : ajoute une ligne « ### Titre » et un texte.
fault-md-no-text = la fiche « { $title } » n'a pas de texte : écris-en un sous son titre.
fault-md-pair = il manque « { $other } : » après « { $label } : ».
fault-md-pair-alone = il manque « { $other } : » avant « { $label } : ».
fault-md-figure = une image s'écrit ![description](figures/fichier.png), avec une description.

## Terminal

cli-ask = Poser une question et lire la réponse.
cli-missing = Il manque { $name } : tape « profond { $command } --help ».
cli-unknown-option = L'option { $name } n'existe pas : tape « profond --help ».
cli-unknown-command = Cette commande n'existe pas : tape « profond --help ».
cli-bad-value = { $name } n'accepte pas cette valeur : tape « profond { $command } --help ».
cli-usage = La commande n'est pas complète : tape « profond --help ».
cli-stopped = Arrêté.
chat-welcome = Pose ta question. /help pour l'aide, /quit pour finir.
chat-commands = /ask question · /topic [sujet] · /level [niveau] · /quiz · /simple · /plus · /exemple · /refaire · /bien · /mal · /signaler texte · /usage · /mydata · /forget · /help · /quit
chat-unknown = Je ne connais pas { $name }. Commandes : /ask /topic /level /usage /forget /help /quit.
chat-no-answer = Il n'y a pas encore de réponse : pose d'abord une question.
chat-forget-sure = Tout effacer ? Tape /forget oui pour confirmer.
chat-quiz-answer = Réponse : { $answer }
chat-bye = À bientôt !
topic-list = { $id } — { $title } ({ $count } fiches)
card-list = { $id } — { $title }
page-previous = Avant : { $title }
page-next = Après : { $title }
page-related = Voir aussi : { $titles }
doctor-ok = ok
doctor-warning = à voir
doctor-fault = faute
doctor-settings = Réglages : lus, aucune valeur n'est montrée.
doctor-database = Base : { $kind }, schéma { $version }, intègre.
doctor-database-broken = Base : { $kind } abîmée, restaure une sauvegarde.
doctor-course = Cours : { $topics } sujets, { $cards } fiches, version { $version }.
doctor-course-warnings = Cours : { $count } point(s) à revoir, « profond kb check » les montre.
doctor-key-none = Clé Mistral : aucune, les fiches répondent seules. Pour le modèle, mets MISTRAL_API_KEY.
doctor-key-good = Clé Mistral : acceptée par { $server }, modèle { $model }.
doctor-key-model = Clé Mistral : acceptée, mais le modèle { $model } n'est pas dans la liste ; corrige MISTRAL_MODEL.
doctor-key-bad = Clé Mistral : refusée par { $server } ; vérifie MISTRAL_API_KEY.
doctor-key-away = Mistral : { $server } ne répond pas ; vérifie le réseau et MISTRAL_SERVER_URL.
doctor-discord-good = Discord : jeton accepté.
doctor-discord-bad = Discord : jeton refusé ; recopie DISCORD_TOKEN depuis le portail des développeurs.
doctor-discord-away = Discord : ne répond pas ; vérifie le réseau.
doctor-slack-good = Slack : jeton accepté.
doctor-slack-bad = Slack : jeton refusé ; recopie SLACK_BOT_TOKEN (xoxb-…) depuis la page de l'application.
doctor-slack-away = Slack : ne répond pas ; vérifie le réseau.
doctor-slack-pair = Slack : SLACK_BOT_TOKEN et SLACK_APP_TOKEN vont ensemble ; mets les deux.
doctor-good = Tout va bien.
migrate-done = La base est à jour (schéma { $version }).
reports-none = Aucun signalement.
reports-done = Signalement { $id } réglé.
report-line = { $id } · { $kind } · { $at } · fiches : { $cards } · cours { $version }
report-question = Question : { $question }
report-text = Signalé : { $text }
kind-report = signalé
kind-thumb_down = 👎
kb-good = { $topics } sujets, { $cards } fiches : aucune faute.
kb-warnings = { $count } point(s) à revoir.
kb-head-topic = sujet
kb-head-cards = fiches
kb-head-levels = trois niveaux
kb-head-aliases = alias
kb-head-misconceptions = idées fausses
kb-head-questions = quiz
kb-head-figures = figures
kb-head-warnings = à revoir
kb-total = total
kb-at-line = { $file }, ligne { $line }
kb-created = Fiche « { $card } » créée dans { $file } : remplis-la, « profond kb check » montre ce qui manque.
kb-state-new = nouvelle
kb-state-changed = changée ({ $fields })
kb-state-emptied = changée ({ $fields }), vidée ({ $emptied })
kb-state-same = identique
kb-imported = { $new } nouvelle(s), { $changed } changée(s), { $same } identique(s) : { $files ->
    [none] rien à écrire.
   *[other] écrit dans { $files }.
}
kb-would-import = { $new } nouvelle(s), { $changed } changée(s), { $same } identique(s) : rien n'est écrit (--dry-run).
kb-exported = { $cards } fiche(s) écrite(s) dans { $file }.
card-to-write = Cette fiche est à écrire.
kb-zone = Zone : { $zone } (confiance { $confidence }).
kb-repaired = Mots réparés : { $words }
kb-matched = Mots reconnus : { $words }
kb-calibrated = Seuils écrits dans { $file } : sûr à partir de { $sure }, hors du cours sous { $outside }, sur { $count } questions.

## Aide de la ligne de commande

cli-profond = Profond répond aux questions d'une classe à partir des fiches de l'enseignant.
cli-chat = Tenir une conversation, avec les commandes des salons.
cli-discord = Servir le Discord de la classe.
cli-invite = Donner le lien qui invite le bot.
cli-doctor = Vérifier les réglages, la base, le cours, la clé et les jetons.
cli-migrate = Mettre la base à jour.
cli-reports = Lire les réponses signalées et les 👎.
cli-kb = Vérifier, écrire, chercher, mesurer et calibrer le cours.
cli-kb-check = Montrer toutes les fautes du cours d'un coup.
cli-kb-search = Montrer les fiches trouvées pour un texte, et pourquoi.
cli-kb-eval = Mesurer la recherche avec un fichier de questions.
cli-kb-calibrate = Régler les seuils des zones avec des questions.
cli-kb-new = Ajouter une fiche à remplir dans un sujet.
cli-kb-import = Faire des fiches d'un fichier Markdown : ## sujet, ### fiche.
cli-kb-export = Écrire le cours, ou un sujet, en Markdown.
cli-new-topic = Faire aussi le sujet.
cli-dry-run = Montrer ce qui changerait, sans rien écrire.
cli-output = Fichier à écrire ; sans lui, le Markdown va à l'écran.
cli-force = Remplacer le fichier s'il existe.
cli-strict = Échouer aussi sur ce qui est seulement à revoir.
cli-level = débutant, intermédiaire ou avancé.
cli-lang = Langue des phrases : fr ou en.
cli-json = Écrire du JSON.
cli-done = Marquer ce signalement comme réglé.
cli-precision = Part de bonnes premières fiches voulue dans la zone sûre.
cli-refused = Part des questions du cours que l'on accepte de refuser.

## Garder

backup-done = Copie faite : { $file }. Pour la restaurer : arrête le bot, remets ce fichier (et son .key) à la place du premier.
backup-postgres = La base est PostgreSQL : copie-la avec pg_dump (voir docs/exploitation).
backup-nothing = Il n'y a encore rien à copier : « { $file } » n'existe pas.
backup-exists = « { $file } » existe déjà : choisis un autre nom, rien n'a été écrasé.
backup-failed = La copie n'a pas pu être écrite dans « { $file } » : vérifie la place et les droits.
rotate-done = Le secret est changé : personne n'est perdu. { $next }
rotate-file = Il est dans le fichier .key, à côté de la base.
rotate-setting = Mets le nouveau dans PROFOND_SECRET_KEY avant de relancer le bot.
rotate-needs-new = PROFOND_SECRET_KEY est réglée : donne le nouveau secret par l'entrée standard (profond rotate-key --stdin), puis change le réglage.
rotate-short = Le nouveau secret doit avoir au moins 32 caractères.
erase-done = C'est effacé : { $count } question(s) de { $person }.
cli-backup = Copier la base pendant que le bot tourne.
cli-rotate = Changer le secret de la base sans perdre personne.
cli-rotate-stdin = Lire le nouveau secret sur l'entrée standard.
cli-erase = Effacer tout ce qui est gardé d'une personne (plateforme:id).
