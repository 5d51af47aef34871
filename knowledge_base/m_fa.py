from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Ticket(BaseModel):
    texte: str


@app.post("/predict")
def predict(t: Ticket):
    return {"longueur": len(t.texte)}  # ici, ton modèle
