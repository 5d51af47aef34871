"""The pictures by their names."""

from collections.abc import Callable
from pathlib import Path

from docs.figures import evaluation, flows, language, lighter, networks, vision
from docs.figures.sheet import Sheet

FOLDER = Path(__file__).resolve().parents[2] / "knowledge_base" / "figures"
DRAWINGS: tuple[Callable[[], Sheet], ...] = (
    networks.activations,
    networks.arret_precoce,
    networks.courbes_de_perte,
    networks.entropie_croisee,
    networks.surapprentissage,
    networks.taux_apprentissage,
    networks.types_apprentissage,
    evaluation.biais,
    evaluation.decoupage,
    evaluation.desequilibre,
    evaluation.matrice_confusion,
    evaluation.precision_rappel,
    evaluation.seuil_roc,
    language.attention,
    language.pre_entrainement,
    language.temperature,
    language.tokenisation,
    flows.cache,
    flows.chargement,
    flows.flux,
    flows.latence_debit,
    flows.latence_web,
    flows.rag,
    lighter.distillation,
    lighter.elagage,
    lighter.lora,
    lighter.quantification,
    lighter.transfert,
    vision.architecture_cnn,
    vision.convolution,
    vision.diffusion,
    vision.pooling,
)
FIGURES = {draw.__name__.replace("_", "-"): draw for draw in DRAWINGS}
