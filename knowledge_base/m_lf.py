def charger_modele():
    return lambda t: t.upper()


from contextlib import asynccontextmanager
from fastapi import FastAPI

modeles = {}


@asynccontextmanager
async def lifespan(app):
    modeles["tri"] = charger_modele()  # ta fonction
    yield


app = FastAPI(lifespan=lifespan)
