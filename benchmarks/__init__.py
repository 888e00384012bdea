"""Benchmarks, each run by `python -m benchmarks.NAME`.

quality      how good the answers are, by kind and language; writes docs/quality.md
ablation     what each part of the search gives, and what other weights would
feedback     what one document marked "more like this" gives
speed        speed beside the plain way (`plain`: sentence-transformers, FAISS and Flask)
scale        libraries of up to a million documents
peers        speed, memory and quality beside other libraries
screenshots  pictures of the pages

speed, scale and peers write benchmarks/README.md. They share `corpora` (judged collections),
`measure` (processes and their speed, memory and disk) and `report` (tables and sections).

quality, ablation and feedback share `judged` (the sets of questions), `asking` (their libraries and
runs), `remembering` (an encoder that reads each question once) and `options`; `verdicts` and
`ablation_table` are sections of their pages.
"""
