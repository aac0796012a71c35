"""Tell kinds of network attack apart, on NSL-KDD.

A grid of models and seeds is fitted side by side, the best on held-out training rows is
chosen, and only that one meets the test file (which holds attacks never seen in training).

    python pipelines/intrusion.py KDDTrain+.txt KDDTest+.txt
    lineal run pipelines/intrusion.py -p train=KDDTrain+.txt -p test=KDDTest+.txt -p rows=5000
"""

import sys
from itertools import product
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import ConfusionMatrixDisplay, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from sklearn.tree import DecisionTreeClassifier

from lineal import Metrics, pipeline, task, unmapped

CATEGORIES = ["protocol_type", "service", "flag"]
COLUMNS = """
    duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot
    num_failed_logins logged_in num_compromised root_shell su_attempted num_root
    num_file_creations num_shells num_access_files num_outbound_cmds is_host_login
    is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate
    same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count
    dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate
    dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate
    dst_host_rerror_rate dst_host_srv_rerror_rate attack difficulty
"""  # the files have no header
KINDS = {
    "normal": "normal",
    "dos": "apache2 back land mailbomb neptune pod processtable smurf teardrop udpstorm worm",
    "probe": "ipsweep mscan nmap portsweep saint satan",
    "r2l": "ftp_write guess_passwd httptunnel imap multihop named phf sendmail snmpgetattack"
    " snmpguess spy warezclient warezmaster xlock xsnoop",
    "u2r": "buffer_overflow loadmodule perl ps rootkit sqlattack xterm",
}
MODELS = {
    "tree": (DecisionTreeClassifier, {"min_samples_leaf": 2}),
    "forest": (RandomForestClassifier, {"n_estimators": 100}),
    "mlp": (MLPClassifier, {"hidden_layer_sizes": (64,), "tol": 1e-3, "n_iter_no_change": 3}),
}


@task
def load(file: Path, rows: int | None = None) -> pd.DataFrame:
    """Connections with their features and the kind of attack; `rows` of them, spread out."""
    connections = pd.read_csv(file, names=COLUMNS.split()).drop(columns="difficulty")
    if rows is not None and rows < len(connections):
        connections = connections.sample(rows, random_state=0, ignore_index=True)
    kind_of = {attack: kind for kind, attacks in KINDS.items() for attack in attacks.split()}
    connections["kind"] = connections.pop("attack").map(kind_of)
    if connections["kind"].isna().any():
        raise ValueError(f"{file.name} holds attacks of no known kind")
    return connections


@task(outputs=("train", "valid"))
def split(connections: pd.DataFrame, valid_size: float = 0.25):
    """Rows to learn from, and rows to choose by."""
    return train_test_split(connections, test_size=valid_size, random_state=0)


@task(outputs=("train", "valid", "test"))
def preprocess(train: pd.DataFrame, valid: pd.DataFrame, test: pd.DataFrame):
    """Categories one-hot, numbers to their ranks; learnt from the training rows alone."""
    numbers = [name for name in train.columns if name not in (*CATEGORIES, "kind")]
    encoder = ColumnTransformer(
        [
            ("is", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
            ("rank", QuantileTransformer(n_quantiles=min(100, len(train))), numbers),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    encoder.fit(train)
    return tuple(
        encoder.transform(part).astype("float32").assign(kind=part["kind"])
        for part in (train, valid, test)
    )


@task
def fit(name: str, seed: int, train: pd.DataFrame) -> ClassifierMixin:
    """One model of the grid."""
    kind, settings = MODELS[name]
    model = kind(**settings, random_state=seed)
    return model.fit(train.drop(columns="kind"), train["kind"])


@task
def score(model: ClassifierMixin, rows: pd.DataFrame) -> Metrics:
    """Macro averages over the kinds, and each kind as a slice."""
    guess = model.predict(rows.drop(columns="kind"))
    kinds = sorted(set(rows["kind"]))
    names = ("precision", "recall", "f1")
    each = precision_recall_fscore_support(rows["kind"], guess, labels=kinds, zero_division=0)[:3]
    return Metrics(
        {name: values.mean() for name, values in zip(names, each, strict=True)},
        slices={
            "kind": {
                kind: dict(zip(names, values, strict=True))
                for kind, *values in zip(kinds, *each, strict=True)
            }
        },
    )


@task
def choose(models: list[ClassifierMixin], scores: list[Metrics]) -> ClassifierMixin:
    """The model with the highest macro F1."""
    return max(zip(models, scores, strict=True), key=lambda pair: pair[1]["f1"])[0]


@task
def draw_confusion(model: ClassifierMixin, rows: pd.DataFrame) -> Figure:
    """Which kinds are taken for which, as shares of the true kind."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    guess = model.predict(rows.drop(columns="kind"))
    ConfusionMatrixDisplay.from_predictions(
        rows["kind"], guess, normalize="true", values_format=".2f", ax=figure.subplots()
    )
    return figure


@pipeline
def intrusion(train: Path, test: Path, seeds: int = 3, rows: int | None = None) -> Metrics:
    """Fit the grid, choose by held-out rows, and judge the chosen on the test file.

    Args:
        train: NSL-KDD's training file.
        test: NSL-KDD's test file.
        seeds: How many times each kind of model is fitted.
        rows: Take only so many of each file.
    """
    learn, valid, unseen = preprocess(*split(load(train, rows)), load(test, rows))
    names, numbers = zip(*product(MODELS, range(seeds)), strict=True)
    models = fit.map(names, numbers, unmapped(learn))
    best = choose(models, score.map(models, unmapped(valid)))
    draw_confusion(best, unseen)
    return score(best, unseen)


if __name__ == "__main__":
    print(intrusion(*map(Path, sys.argv[1:3])))
