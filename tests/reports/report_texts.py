"""A pair of students' answers, made up for the report's tests and its sample: some right, some not, some absent."""

ANSWERS = {
    "Q1": "La sortie a pour taille $\\lfloor \\frac{x+2p-k}{s} \\rfloor + 1$ par $\\lfloor \\frac{y+2p-k}{s} \\rfloor + 1$, "
    "avec une seule carte puisqu'il n'y a qu'un filtre.\n\n- poids à apprendre : $k^2 z$, plus un biais ;\n"
    "- avec une couche fully-connected : $x \\times y \\times z \\times x' \\times y'$ poids.",
    "Q2": "Les poids sont **partagés** : un même motif est cherché partout, il faut donc beaucoup moins de paramètres et le "
    "réseau devient équivariant aux translations. La limite est la *localité* : une convolution ne voit que son voisinage, et "
    "il en faut plusieurs de suite pour relier deux coins de l'image.",
    "Q3": "Il réduit la taille des cartes (donc le calcul), agrandit le champ récepteur des couches suivantes et rend la "
    "réponse un peu insensible aux petites translations.",
    "Q4": "On peut calculer toutes les convolutions et tous les poolings, puisque leurs poids ne dépendent pas de la taille. "
    "On s'arrête à la première couche fully-connected, dont l'entrée doit avoir $7 \\times 7 \\times 512$ valeurs.",
    "Q5": "Une couche fully-connected sur une entrée de taille $h \\times w \\times c$ est une convolution dont le noyau couvre "
    "toute l'entrée, sans padding : la sortie est $1 \\times 1 \\times n$.",
    "Q7": "Première couche : $k \\times k$. Deuxième : $(2k-1) \\times (2k-1)$ sans pooling, soit 3 puis 5 pour $k = 3$. Plus "
    "on descend, plus le champ grandit, jusqu'à toute l'image : les premières couches voient des bords et des couleurs, les "
    "dernières des parties d'objets, puis des objets.",
    "Q8": "Stride 1 et padding $\\frac{k-1}{2} = 2$ pour un noyau de taille 5.",
    "Q9": "Stride 2, pas de padding.",
    "Q10": "| couche | sortie | poids |\n|---|---|---|\n| conv1 | 32 × 32 × 32 | 2 400 |\n| pool1 | 16 × 16 × 32 | 0 |\n"
    "| conv2 | 16 × 16 × 64 | 51 200 |\n| pool2 | 8 × 8 × 64 | 0 |\n| conv3 | 8 × 8 × 64 | 102 400 |\n"
    "| pool3 | 4 × 4 × 64 | 0 |\n| fc4 | 1000 | 1 024 000 |\n| fc5 | 10 | 1 000 |\n\nPresque tous les poids sont dans fc4, "
    "qui relie toutes les cartes à tous ses neurones : c'est elle qui risque le plus de sur-apprendre.",
    "Q11": "En tout 1 181 000 poids, soit plus de vingt fois le nombre d'images d'apprentissage (50 000).",
    "Q12": "L'approche BoW + SVM du TP précédent apprenait 1001 dictionnaires de mots, soit environ 10 × 1001 paramètres pour le "
    "SVM : cent fois moins.",
    "Q14": "En test, on n'appelle pas `backward` ni `optimizer.step()`, et le modèle est mis en mode `eval`. L'accuracy de train "
    "est mesurée pendant que les poids changent, batch après batch, alors que celle de test l'est à poids fixes.",
    "Q16": "Un pas trop grand fait diverger ou osciller, un pas trop petit apprend lentement et peut rester bloqué. Un petit batch "
    "donne un gradient bruité, ce qui régularise un peu, mais coûte plus de temps par époque ; un grand batch estime mieux "
    "le gradient et supporte un pas plus grand. Nous avons essayé trois pas :\n\n| pas | test à 20 époques |\n|---|---|\n"
    "| 0.001 | 41.2 |\n| 0.01 | 63.0 |\n| 0.1 | 71.4 |",
    "Q17": "Au début le réseau répond au hasard : l'erreur vaut $\\ln 10 \\approx 2.30$, c'est l'entropie croisée d'une prédiction "
    "uniforme sur dix classes.",
    "Q18": "L'accuracy de train monte jusqu'à 99 % alors que celle de test plafonne vers 71 %, et la loss de test remonte après "
    "la douzième époque : c'est du **sur-apprentissage**. Le réseau a assez de poids pour apprendre les images par cœur, et rien ne "
    "l'en empêche.",
    "P3": "- **Normalisation** : entrées centrées et réduites par canal, le problème est mieux conditionné.\n- **Data augmentation** : "
    "on tire à chaque époque une variante de l'image, le réseau ne peut plus l'apprendre par cœur.\n- **Momentum et décroissance** : "
    "on lisse la direction, puis on fait des pas plus fins.\n- **Dropout** : on éteint des neurones au hasard, les autres ne peuvent "
    "plus compter sur eux.\n- **Batch norm** : pas eu le temps.",
    "Q19": "Avec la normalisation, l'apprentissage va plus vite : 74,1 % au lieu de 71,4 %, et dès la cinquième époque on dépasse le "
    "réseau de base. L'écart entre train et test ne diminue pas, il augmente même.",
    "Q20": "Les images de validation jouent le rôle de données jamais vues : s'en servir pour calculer la moyenne serait une fuite. "
    "En plus, le réseau a appris avec la moyenne d'apprentissage, il lui faut donc la même en test.",
    "Q22": "78,9 % en test, contre 74,1. La courbe de train monte beaucoup moins vite et l'écart train-test tombe de 25 à 6 points.",
    "Q23": "Non : un chat retourné reste un chat, mais un 6, une lettre ou un panneau de direction changent de sens. En imagerie "
    "médicale, la gauche et la droite ne sont pas interchangeables.",
    "Q24": "Les images créées restent proches des originales, on n'ajoute donc pas de vraie information ; il faut savoir d'avance "
    "quelles transformations gardent la classe, et l'apprentissage est plus long.",
    "Q26": "L'apprentissage est plus stable : les pics de la loss disparaissent quand le pas diminue. 80,2 % en test.",
    "Q27": "Le momentum additionne les gradients qui vont dans le même sens et efface ceux qui s'opposent. La décroissance permet de "
    "grands pas au début, puis de se poser au fond d'un minimum au lieu de tourner autour.",
    "Q29": "Le dropout fait gagner un point (81,3 %) et l'écart train-test devient presque nul.",
    "Q30": "Toute contrainte ajoutée à l'apprentissage pour préférer une solution simple, et donc mieux généraliser : pénalité sur les "
    "poids, arrêt précoce, bruit, augmentation.",
    "Q31": "On peut y voir une moyenne d'un très grand nombre de sous-réseaux qui partagent leurs poids, ou un bruit qui empêche les "
    "neurones de se co-adapter. Baldi et Sadowski montrent que pour un réseau linéaire c'est une pénalité sur les poids.",
    "Q32": "Plus $p$ est grand, plus on régularise : à 0 il ne se passe rien, à 0,9 le réseau n'arrive plus à apprendre.",
    "Q33": "En apprentissage, des neurones sont mis à zéro et les autres multipliés par $\\frac{1}{1-p}$ ; en évaluation, la couche ne "
    "fait rien.",
}

REPORT = """## Ce que nous avons fait

Nous avons d'abord fait tourner `base.py` sur MNIST (98,9 % en cinq époques), puis nous l'avons porté sur CIFAR-10. Chaque
amélioration est dans son propre script, de `1_base.py` à `5_dropout.py`.

## Recul

La normalisation accélère mais ne régularise pas ; l'augmentation régularise mais ralentit. C'est leur somme, avec la
décroissance du pas, qui donne nos meilleurs résultats. La batch normalization nous a manqué, faute de temps : nous aurions
voulu voir si elle rend le dropout inutile, comme le suggèrent ses auteurs.
"""
