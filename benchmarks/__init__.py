"""Benchmarks, each run by `python -m benchmarks.NAME`.

quality      what each part of the search is worth, on judged questions; writes docs/quality.md
speed        speed beside the plain way (`plain`: sentence-transformers, FAISS and Flask)
scale        libraries of up to a million documents
peers        speed, memory and quality beside other libraries
screenshots  pictures of the pages

speed, scale and peers write benchmarks/README.md. They share `corpora` (judged collections),
`measure` (processes and their speed, memory and disk), `report` (tables and sections) and
`progress`.
"""
