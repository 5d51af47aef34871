### Ce que lisent les étudiants et l'enseignant dans Discord et Slack.

## Boutons

button-good = 👍
button-bad = 👎
button-simpler = Plus simple
button-deeper = Plus poussé
button-example = Un autre exemple
button-redo = Refaire
button-report = Signaler une erreur
button-share = Partager à la classe (anonyme)
button-publish = Publier pour la classe
button-thread = Continuer dans un fil
button-more = Plus…
button-stop = Arrêter
button-quiz = Teste-moi
button-reveal = Voir la réponse
button-about = Poser une question
button-ask = Poser une question
button-pin = Épingler un bouton
button-private-yes = Toujours en privé
button-private-no = Ne plus répondre toujours en privé
button-forget = Oui, tout effacer
button-data = Mes données
button-with-model = Refaire avec le modèle

## Commandes

command-ask = Pose une question sur le cours
command-topic = Ouvre une fiche du cours, ou la carte du cours
command-level = Choisis ton niveau d'explication
command-usage = Ce qu'il te reste comme questions
command-help = Comment s'en servir, avec des questions toutes prêtes
command-privacy = Ce qui est gardé, et comment l'effacer
command-mydata = Tout ce qui est gardé sur toi
command-forget = Efface tout ce qui est gardé sur toi
command-explain = Expliquer ce message
option-question = Ta question, comme tu parles
option-level = Le niveau, pour cette question
option-private = Toi seul verras la réponse
option-file = Du code, du texte, un notebook ou une image
option-topic = Un sujet du cours
option-card = Une fiche du cours
option-my-level = Ton niveau

## Formulaires

form-ask = Ta question
form-ask-hint = Comme tu parles, même en style SMS
form-about = Question sur « { $card } »
form-report = Signaler une erreur
form-report-label = Qu'est-ce qui est faux ?
form-report-hint = L'enseignant lira ta phrase avec la réponse, sans ton nom.
send = Envoyer
cancel = Annuler

## Réponses courtes

thinking = Je cherche dans le cours…
stopping = J'arrête.
nothing-to-stop = La réponse est déjà terminée.
more-title = Que veux-tu faire de cette réponse ?
quiz-title = **À toi** : { $question }
quiz-answer = **Réponse** : { $answer }
map-title = **{ $course }** : les sujets
topic-title = **{ $topic }** : les fiches
card-place = { $topic } · niveau { $level }
share-preview = Voici ce que la classe verrait, sans ton nom :
share-title = Question partagée, anonyme
share-done = C'est publié, sans ton nom.
share-denied = Je n'ai pas pu publier dans ce salon : demande à ton enseignant de m'en donner le droit.
thread-name = Suite de la question
thread-hello = On continue ici. Pour me parler, mentionne-moi ou réponds à un de mes messages.
thread-hello-all = On continue ici : écris simplement la suite de ta question.
thread-made = Le fil est ouvert : { $link }
thread-exists = Cette réponse a déjà son fil : { $link }
thread-denied = Je n'ai pas pu ouvrir de fil ici : demande à ton enseignant de m'en donner le droit.
explain-question = Explique-moi : { $text }
explain-file = Explique-moi ce fichier.
explain-empty = Ce message n'a pas de texte que je puisse lire : choisis-en un autre.
mention-me = Je ne peux lire ton message que si tu me mentionnes : écris-le de nouveau en commençant par mon nom, avec @.
not-here = Je ne réponds pas dans ce salon : demande à ton enseignant où me poser tes questions.
no-dm = Je ne réponds pas en message privé ici : utilise /ask dans le salon de la classe.
answered-directly = Je t'ai répondu en message privé. Pour changer : /privacy.
direct-refused = Je n'ai pas pu te répondre en message privé : ta réponse est dans /mydata, et avec /ask toi seul la verras ici.
shown-elsewhere = Je n'ai pas pu écrire à l'endroit de ta question, voici donc ma réponse ici.
pin-text = Une question sur le cours ? Appuie ici, écris-la, et je réponds. Personne ne te juge.
pin-done = Le message est posté : tu peux maintenant l'épingler.
pin-teacher = Seul un enseignant (droit « Gérer le serveur ») peut faire ça.
private-yes = C'est noté : je te répondrai toujours en privé. Pour changer : /privacy.
private-no = C'est noté : je répondrai dans le salon, sauf si tu demandes en privé.
privacy = **Ce qui est gardé** : tes questions et mes réponses, chiffrées, sans ton nom (une empreinte le remplace), pour la suite de la conversation ; tes avis ; ton niveau. **Effacé** après { $days } jours, ou tout de suite avec /forget. **Voir tout** : /mydata. { $model }
privacy-model = Le modèle (Mistral AI) reçoit ta question sans ton nom ni tes coordonnées ; une image jointe part sans ses métadonnées, mais telle qu'on la voit : n'y montre rien de personnel.
privacy-cards = Aucun modèle n'est utilisé : rien ne sort d'ici.
mydata-title = Voici tout ce qui est gardé sur toi, en JSON.
forget-sure = Effacer tout ce qui est gardé sur toi (questions, réponses, avis, niveau) ? C'est immédiat et définitif.
not-allowed = Je n'ai pas le droit de faire ça ici : préviens ton enseignant.
error-restart = Je redémarre : ta réponse arrive ici dès mon retour, tu n'as rien à refaire.
stale-button = Ce bouton ne marche plus : pose ta question avec /ask.

## Installer

discord-invite = Ouvre ce lien pour inviter le bot (seulement les droits nécessaires) :
discord-no-token = Il manque DISCORD_TOKEN : tape « profond setup », ou copie le jeton depuis le portail des développeurs (Bot → Reset Token) dans le fichier .env.
discord-bad-token = Discord refuse le jeton DISCORD_TOKEN : copie-le de nouveau depuis le portail (Bot → Reset Token).
discord-intent = Discord refuse la lecture des messages : active « Message Content Intent » dans le portail (page Bot), ou retire DISCORD_MESSAGE_CONTENT.
discord-away = Discord ne répond pas : nouvel essai dans { $wait }.
doctor-discord-alone = Discord : le bot n'est dans aucun serveur ; invite-le avec profond discord --invite.
doctor-discord-rights = Discord : il manque au bot des droits dans « { $server } » ({ $missing }) ; invite-le de nouveau avec profond discord --invite.
doctor-discord-unseen = Discord : le bot ne voit ni serveur ni salon sous le numéro { $id } de { $name } ; recopie-le (mode développeur, clic droit, « Copier l'identifiant »), ou donne au bot le droit de le voir.
discord-ready = Profond est en ligne sur Discord ({ $guilds } serveur(s)). Écris /ask dans ton salon.

## Slack

cli-slack = Servir le Slack de la classe.
cli-http = Recevoir les événements de Slack par HTTP (SLACK_SIGNING_SECRET, PORT) au lieu de Socket Mode.
cli-manifest = Donner le manifeste de l'application Slack.
slack-asks = { $name } demande :
slack-somebody = Quelqu'un
slack-waiting = Ta question arrive dans le salon : tu es { $position }ᵉ, environ { $seconds } s.
slack-invite = Je ne suis pas dans ce salon : écris ici « /invite @{ $bot } », puis repose ta question.
slack-vanishes = Toi seul vois ce message. Il disparaît quand tu recharges Slack ; « /profond mydata » garde la réponse.
slack-help = Dans un fil ou en message privé, dis-moi aussi : « level débutant », « topic » avec un sujet, « usage », « stop », « aide ». Ailleurs : /ask, /cours, /level et /profond ask, topic, level, usage, mydata, forget, privacy, help. Pour une réponse que toi seul verras : /ask privé: ta question.
slack-home = Mentionne-moi dans un salon, écris-moi ici, ou tape /ask. Ce que tu choisis ici vaut partout.
slack-home-level = Ton niveau d'explication
slack-forget = Effacer mes données
slack-close = Fermer
slack-explain = Expliquer
slack-data-sent = Je t'ai envoyé tes données en message privé.
slack-hint-ask = ta question (ou privé: ta question)
slack-hint-level = débutant, intermédiaire ou avancé
slack-hint-topic = un sujet ou une fiche
slack-no-token = Il manque SLACK_BOT_TOKEN : tape « profond setup », ou copie le jeton xoxb-… depuis la page de l'application (OAuth & Permissions) dans le fichier .env.
slack-no-app-token = Il manque SLACK_APP_TOKEN : copie le jeton xapp-… depuis la page de l'application (Basic Information, App-Level Tokens, connections:write) dans le fichier .env.
slack-no-secret = Il manque SLACK_SIGNING_SECRET : copie-le depuis la page de l'application (Basic Information) dans le fichier .env.
slack-bad-token = Slack refuse le jeton SLACK_BOT_TOKEN : copie-le de nouveau depuis la page de l'application (OAuth & Permissions).
slack-bad-app-token = Slack refuse le jeton SLACK_APP_TOKEN : copie-le de nouveau depuis la page de l'application (Basic Information, App-Level Tokens).
slack-scope = Il manque au bot le droit { $scope } : ajoute-le dans la page de l'application (OAuth & Permissions), puis réinstalle-la.
slack-app-scope = Il manque au jeton SLACK_APP_TOKEN le droit { $scope } : crée un nouveau jeton avec ce droit (Basic Information, App-Level Tokens).
slack-refused = Slack refuse l'application ({ $error }) : vérifie qu'elle est installée dans l'espace de travail.
slack-port = Le port { $port } est déjà pris : choisis-en un autre avec PORT.
slack-away = Slack ne répond pas : nouvel essai dans { $wait }.
slack-ready = Profond est en ligne sur Slack sous le nom { $name }. Invite-le dans un salon avec /invite @{ $name }, puis mentionne-le.
