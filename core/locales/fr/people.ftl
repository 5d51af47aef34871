### Ce que lisent les étudiants. Une phrase claire, une seule idée, et ce qu'il faut faire.

## Niveaux et durées

level-beginner = débutant
level-intermediate = intermédiaire
level-advanced = avancé
seconds = { $count } s
minutes = { $count } min
hours = { $count } h

## Réponses

unsure = Je ne suis pas sûr de bien comprendre ta question. Voici les fiches du cours qui s'en approchent le plus. L'une d'elles t'aide ? Sinon, redis-moi ta question avec d'autres mots.
outside = Ça, ce n'est pas dans mon cours (« { $course } »), alors je préfère ne pas inventer. Pour le reste, demande à ton prof. Tu peux me poser par exemple une de ces questions :
stopped = *Réponse arrêtée à ta demande.*
card-example = **Exemple** { $example }
card-misconception = **Idée fausse** : { $claim } **En fait** : { $correction }
card-none = Je n'ai pas de fiche sur ce que montre ton image, et le modèle n'a pas pu la lire : décris-la en quelques mots, ou réessaie plus tard.
card-check = **À toi** : { $question }
sources = Sources : { $titles }
labelled = { $label } : { $text }
choices = À ouvrir
questions = À demander
zone-sure = sûr
zone-unsure = pas sûr
zone-outside = hors du cours

note-cut = Ton texte était très long : j'ai gardé le début et la fin ({ $limit } caractères).
note-file-gone = Je ne garde pas les fichiers : pour que je relise le tien, renvoie-le avec ta question.
note-cards = Réponse tirée des fiches du cours, écrites par l'enseignant, sans modèle.
note-cards-away = Le modèle ne répond pas pour l'instant : voici ce que disent les fiches du cours.
note-cards-queue = Il y a trop de monde pour le modèle en ce moment : voici ce que disent les fiches du cours. Tu peux redemander au modèle un peu plus tard.
note-cards-day = Le modèle a beaucoup travaillé aujourd'hui et son budget du jour est utilisé : les fiches du cours te répondent jusqu'à demain.
note-cards-month = Le budget du modèle pour ce mois est utilisé : les fiches du cours te répondent jusqu'au mois prochain.
note-cards-picture = Le modèle n'a pas pu lire ton image : voici ce que disent les fiches du cours. Refais une capture, ou décris ce qu'on y voit.
note-model-stopped = *Le modèle s'est arrêté en route. Voici ce que disent les fiches du cours :*
note-cards-foreign = Le modèle a répondu dans une autre langue : voici ce que disent les fiches du cours.
note-model-foreign = *Le modèle s'est mis à répondre dans une autre langue. Voici ce que disent les fiches du cours :*
note-loop = *Le modèle se répétait : j'ai arrêté sa réponse ici. Demande-moi la suite si tu en as besoin.*
note-length = *La réponse a été coupée car elle était trop longue : demande-moi la suite.*
note-language = Les fiches du cours sont en français ; seul le modèle peut répondre dans une autre langue.

## Petites phrases

small-talk-thanks = Avec plaisir ! Si un autre point du cours coince, je suis là.
small-talk-greeting = Salut ! Pose-moi une question sur le cours, même en style SMS.
small-talk-laughter = 😄 Quand tu veux, on attaque une question du cours.
small-talk-goodbye = À bientôt, et bon courage !
small-talk-panic = Pas de panique. Dis-moi le mot ou l'exercice qui te bloque, même en style SMS, et on le reprend depuis le début.
small-talk-yes = Parfait. On continue quand tu veux.
small-talk-reply = Bien noté. Pose-moi une question sur le cours, et on continue.
small-talk-rude = Aïe. Dis-moi ce qui n'allait pas dans la réponse, ou pose ta question autrement : je ferai mieux.
small-talk-who = Je suis Profond, l'assistant du cours. Je suis une machine : je réponds à partir des fiches de l'enseignant, et je peux me tromper.
small-talk-noise = Je n'ai pas compris. Pose-moi une question sur le cours, par exemple avec « c'est quoi… » ou « comment… ».

## Refus

refusal-empty = Il n'y a pas de question : écris-la après la commande.
refusal-allowance = Tu as utilisé tes questions pour le moment : la prochaine arrive dans { $wait }.
refusal-allowance-day = Tu as atteint la limite de la journée : tes questions reviennent dans { $wait }.
refusal-already-taken = Cette question est déjà prise.
refusal-not-yours = Seule la personne qui a posé la question peut faire ça.
refusal-unknown = Je ne retrouve pas « { $name } » : c'est peut-être effacé, ou mal écrit.
refusal-no-topic = Je ne trouve ni sujet ni fiche qui ressemble à « { $name } » : tape /topic seul pour voir la liste.
refusal-no-quiz = Cette fiche n'a pas encore de question : choisis-en une autre.
refusal-file-type = Je ne peux pas lire « { $name } » : envoie du texte ou du code (.py, .ipynb, .txt, .md, .json, .csv, .log, .yaml).
refusal-file-size = « { $name } » est trop gros : envoie au plus { $limit } Ko.
refusal-file-type-seen = Je ne peux pas lire « { $name } » : envoie du texte ou du code (.py, .ipynb, .txt, .md, .json, .csv, .log, .yaml) ou une image (.png, .jpg, .webp).
refusal-file-lies = « { $name } » ne contient pas ce que son nom annonce : renvoie le bon fichier, avec la bonne extension.
refusal-file-deep = « { $name } » est un notebook trop imbriqué pour être lu : copie plutôt le code utile dans un fichier .py.
refusal-file-count = C'est trop de fichiers à la fois : envoies-en { $limit } au plus.
refusal-image-size = « { $name } » est trop grosse : envoie une image de { $limit } Mo au plus.
refusal-image-huge = « { $name } » est trop grande ({ $width } × { $height } pixels) : réduis-la ou recadre-la, { $limit } pixels de côté au plus.
refusal-image-broken = « { $name } » n'est pas une image PNG, JPEG ou WebP que je peux lire : refais une capture et renvoie-la.
refusal-image-unseen = Je ne peux pas regarder « { $name } » : ici je ne lis que du texte et du code. Recopie le message ou le code dans ta question.
refusal-file-away = Je n'ai pas pu télécharger « { $name } » : renvoie le fichier.
error-store-away = Ma mémoire ne répond pas : rien n'est perdu, réessaie dans une minute.
error-model-away = Le modèle ne répond pas : réessaie dans une minute.
error-too-late = Désolé : une panne m'a empêché de répondre à temps à ta question. Repose-la, elle ne t'a rien coûté.
error-unexpected = Quelque chose a échoué de mon côté : réessaie, et préviens ton prof si ça continue.

## Verbes

level-now = Ton niveau : { $level }. Pour le changer : /level débutant, /level intermédiaire ou /level avancé.
level-set = C'est noté : je t'explique au niveau { $level }.
level-unknown = Je ne connais pas ce niveau : choisis débutant, intermédiaire ou avancé.
usage = Il te reste { $left } question(s) sur { $size } pour l'instant, et { $today } aujourd'hui.
usage-next = Une de plus dans { $wait }.
usage-exempt = Pas de limite pour toi ici.
forget-done = C'est effacé : { $count } question(s) avec leurs réponses, tes avis, ton niveau. La limite d'aujourd'hui reste.
feedback-thanks = Merci, c'est noté.
report-thanks = Merci : l'enseignant verra ce signalement ({ $id }).
help = Pose-moi une question sur « { $course } », comme tu parles. Par exemple :
notice-cards = Je suis une machine : je réponds avec les fiches du cours « { $course } », et je peux me tromper. Tes questions sont gardées chiffrées, sans ton nom, pour la suite de la conversation. /forget efface tout.
notice-model = Je suis une machine : un modèle de Mistral AI écrit mes réponses avec les fiches du cours « { $course } », et je peux me tromper. Tes questions partent sans ton nom et sont gardées chiffrées. /forget efface tout ; ne donne rien de personnel.
waiting = { $position ->
    [1] C'est bientôt à toi, environ { $seconds } s.
   *[other] Tu es { $position }ᵉ, environ { $seconds } s.
}
