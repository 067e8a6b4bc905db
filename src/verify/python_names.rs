//! Names of Python modules that a skill need not bring along.

/// The standard library, 3.8 to 3.14.
const STANDARD: &str = "\
__future__ _thread abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit \
audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop \
collections colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg crypt \
csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum \
errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass \
gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io \
ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes \
mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator \
optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath \
pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib \
resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr \
socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep \
struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this \
threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types \
typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib \
xml xmlrpc zipapp zipfile zipimport zlib zoneinfo \
";

/// What many skills import and few declare.
const COMMON: &str = "\
AppKit Bio Foundation IPython Levenshtein MySQLdb OpenSSL PIL PyPDF PyPDF2 Quartz RPi accelerate aio_pika \
aiohttp aiokafka aiosqlite airflow albumentations alembic algoliasearch alpaca_trade_api altair anndata ansible \
anthropic antlr4 anyio apscheduler ariadne arq arrow art arviz assemblyai astroid astropy asyncpg attr attrs \
autogen azure babel backoff backtrader bambi bandit barcode bcrypt bitsandbytes black blessed bokeh boltons \
boto3 botocore bpy bs4 build build123d cachetools cadquery cairo cairosvg catboost ccxt celery cerberus certifi \
cffi chardet charset_normalizer chromadb cirq click clip cloudpickle cmdstanpy cohere colorama comtypes \
confluent_kafka coverage crewai cryptography ctransformers ctypesgen curio cv2 cvxpy cx_Oracle cython dagster \
dash dask datadog datasets dateparser dateutil dbt ddtrace decouple deep_translator deepdiff deepgram deepspeed \
defusedxml delta detectron2 diagrams diffusers dill discord diskcache django docker docopt docx dolfin dotenv \
dramatiq duckdb einops elasticsearch elevenlabs emcee emoji environs ezdxf fabric factory faiss faker fal_client \
fastapi fastmcp fastparquet feedparser fenics filelock findspark fiona fire fitz flake8 flask flax folium \
freezegun ftfy funcy future fuzzywuzzy gensim geopandas gguf git github gitlab glom gmpy2 google \
google_auth_oauthlib googleapiclient googletrans gpiozero gradio graphene graphql graphviz great_expectations \
groq grpc gtts gunicorn gurobipy gym gymnasium h11 h2 h5py hdfs healpy hpack html5lib httpx huey huggingface_hub \
humanize hypothesis ibm_db idna imageio inflect inflection influxdb inquirer instaloader invoke ipywidgets isort \
jax jedi jinja2 jira jmespath joblib jose jsonpath_ng jsonschema jupyter jwt kafka keras keyboard kombu kornia \
kubernetes langchain langchain_community langchain_core langchain_openai langdetect langgraph lark libcst \
librosa lightgbm lightning litellm llama_cpp llama_index lmfit locust loguru luigi lxml manim markdown \
marshmallow matplotlib mcp meilisearch meshio mistralai mistune mlflow mmcv mock molotov more_itertools moto \
motor mouse moviepy mpmath msal msgpack mypy nacl nats natsort nbconvert nbformat neo4j netCDF4 networkx \
newrelic newspaper nltk nose nox numba numpy objc ollama onnx onnxruntime open3d open_clip openai openpyxl \
opensearchpy opentelemetry openvino optuna oracledb orjson ortools packaging panda3d pandas paramiko parso \
passlib pdf2image pdfplumber peft pendulum pennylane pexpect phonenumbers pika pinecone pint pip pkg_resources \
playwright plotly plumbum ply polars portalocker pptx praw prefect prometheus_client prompt_toolkit prophet \
protobuf psutil psycopg psycopg2 ptyprocess pulp py2neo pyarrow pyautogui pybind11 pycountry pydantic pydash \
pydot pydub pyfiglet pygame pyglet pygments pygraphviz pylint pymc pymongo pymysql pynput pyodbc pyparsing pypdf \
pyperclip pyppeteer pyproj pysam pyspark pystan pytesseract pytest pythoncom pytorch_lightning pyttsx3 pytz \
pyvista qdrant_client qiskit qrcode quantlib questionary radon rapidfuzz rasterio ray rdkit readability redis \
regex replicate reportlab requests responses respx rich rq ruff safetensors scanpy schedule scipy scrapy seaborn \
segment_anything segno selenium selenium_wire semver sendgrid sentence_transformers sentry_sdk serial setuptools \
sglang sh shap shapely simplejson six skimage sklearn sktime slack slack_sdk smbus sniffio snowflake socketio \
solid sortedcontainers soundfile spacy speech_recognition sqlalchemy stable_baselines3 starlette statsd \
statsmodels strawberry streamlit stripe structlog sunpy svgwrite sympy ta tabulate telegram tenacity tensorboard \
tensorflow teradatasql termcolor testcontainers textblob textual thefuzz thrift tiktoken timm tokenizers toml \
tomli tomlkit toolz torch torchaudio torchmetrics torchvision tox tqdm trafilatura transformers tree_sitter \
trimesh trio trl tsfresh tslearn tweepy twilio twine typer typing_extensions tzlocal ujson ultralytics \
uncertainties undetected_chromedriver unidecode uno unohelper unreal urllib3 usaddress usb uvicorn uvloop \
vaderSentiment vcr vllm vtk wand wandb watchdog weaviate websocket websockets wheel whisper win32api win32com \
xarray xgboost xlrd xlsxwriter xlwings xlwt xmltodict yaml yfinance youtube_transcript_api yt_dlp z3 zarr \
zipline zmq \
";

/// Whether a module is of the standard library.
pub(super) fn is_standard(module: &str) -> bool {
    STANDARD.split_whitespace().any(|name| name == module)
}

/// Whether a module is known from elsewhere: who imports it need not bring it along.
pub(super) fn is_common(module: &str) -> bool {
    COMMON.split_whitespace().any(|name| name == module)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_known_whole() {
        assert!(super::is_standard("os") && super::is_standard("zoneinfo") && !super::is_standard("o"));
        assert!(super::is_common("yaml") && super::is_common("PIL") && !super::is_common("yam"));
    }
}
