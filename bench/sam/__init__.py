"""One tariff and one year of use, said to NREL's SAM (PySAM Utilityrate5) and said to Submeter."""
