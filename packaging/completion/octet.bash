# bash completion of octet. Written by scripts/make_reference.py.
# shellcheck shell=bash
_octet() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} options
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ] || { [ "$verb" = help ] && [ "$COMP_CWORD" = 2 ]; }; then
    mapfile -t COMPREPLY < <(compgen -W "import inspect compress train prune quantize export verify adapt detect live tune val bench profile doctor help --help --version" -- "$word")
    return
  fi
  case "$verb $before" in
    "compress --activations") mapfile -t COMPREPLY < <(compgen -W "none relu6 hardswish" -- "$word"); return ;;
    "train --optimizer") mapfile -t COMPREPLY < <(compgen -W "sgd adamw" -- "$word"); return ;;
    "train --activation") mapfile -t COMPREPLY < <(compgen -W "silu relu6 hardswish" -- "$word"); return ;;
    "prune --levers") mapfile -t COMPREPLY < <(compgen -W "scales blocks channels" -- "$word"); return ;;
    "quantize --method") mapfile -t COMPREPLY < <(compgen -W "ptq qat" -- "$word"); return ;;
    "quantize --weight-bits") mapfile -t COMPREPLY < <(compgen -W "7 8" -- "$word"); return ;;
    "export --layout") mapfile -t COMPREPLY < <(compgen -W "raw ultralytics frigate" -- "$word"); return ;;
    "export --activations") mapfile -t COMPREPLY < <(compgen -W "uint8 int8" -- "$word"); return ;;
    "export --precision") mapfile -t COMPREPLY < <(compgen -W "fp32 fp16" -- "$word"); return ;;
    "verify --engine") mapfile -t COMPREPLY < <(compgen -W "openvino onnxruntime tflite armnn" -- "$word"); return ;;
    "detect --precision") mapfile -t COMPREPLY < <(compgen -W "f32 auto" -- "$word"); return ;;
    "live --imgsz") mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"); return ;;
    "live --precision") mapfile -t COMPREPLY < <(compgen -W "f32 auto" -- "$word"); return ;;
    "live --skip") mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"); return ;;
    "tune --engine") mapfile -t COMPREPLY < <(compgen -W "openvino onnxruntime tflite armnn" -- "$word"); return ;;
    "val --precision") mapfile -t COMPREPLY < <(compgen -W "f32 auto" -- "$word"); return ;;
    "bench --precision") mapfile -t COMPREPLY < <(compgen -W "f32 auto" -- "$word"); return ;;
    "profile --precision") mapfile -t COMPREPLY < <(compgen -W "f32 auto" -- "$word"); return ;;
  esac
  case $word in
    -*) ;;
    *) return ;;  # a file
  esac
  case $verb in
    import) options="-h --help -v --verbose -o --output --imgsz --mean --std --head --outputs --order --scores --keypoints --half" ;;
    inspect) options="-h --help -v --verbose --imgsz --target --passes --json" ;;
    compress) options="--model --data -h --help -v --verbose --speedup --target-ms --target-fps --max-drop --imgsz --engine --engine-threads --cost --activations --epochs --budget --batch --threads --seed -o --output --overwrite --json" ;;
    train) options="--model --data -h --help -v --verbose --teacher --epochs --imgsz --batch --optimizer --lr --cosine --warmup --weight-decay --accumulate --patience --freeze --activation --mosaic --mixup --rect --bf16 --resume --overwrite --device --threads --cache --seed -o --output --strict --json" ;;
    prune) options="--model --data -h --help -v --verbose --speedup --target-ms --flops --cost --engine --engine-threads --levers --imgsz --epochs --rounds --batch --lr --images --feature-weight --label-weight --resume --overwrite --device --threads --cache --seed -o --output --strict --json" ;;
    quantize) options="--model --data -h --help -v --verbose --method --imgsz --images --weight-bits --bit-exact-everywhere --rank-layers --rank-by-map --keep-float --max-drop --feature-weight --label-weight --no-learn-scales --epochs --batch --lr --scale-lr --resume --overwrite --device --threads --cache --seed -o --output --strict --json" ;;
    export) options="--model --format -h --help -v --verbose --imgsz -o --output --layout --activations --precision --opset --json" ;;
    verify) options="-h --help -v --verbose --data --split --images --engine --json" ;;
    adapt) options="--model --float -h --help -v --verbose --images --data -o --output --imgsz --engine --threads --count --tried --json" ;;
    detect) options="--model --source -h --help -v --verbose --engine --imgsz --precision --threads --device --delegate --json --conf --iou --pose --max-people --save --raw --strict" ;;
    live) options="-h --help -v --verbose --model --engine --imgsz --precision --threads --device --delegate --source --frames --seconds --realtime --patience --udp --tls-ca --conf --iou --max-age-ms --skip --track --motion-gate --target-fps --cpu-budget --pose --max-people --pose-budget --pose-smooth --save --save-minutes --snapshot --jsonl --jsonl-rotate-mb --drift --collect --mqtt --mqtt-password --mqtt-discovery --http --http-token --http-open --http-cert --http-key --config --log-json --strict --json" ;;
    tune) options="-h --help -v --verbose --model --source --data --split --target-fps --max-age-ms --cpu-budget --watts --engine --imgsz --threads --budget -o --output --json" ;;
    val) options="--model --data -h --help -v --verbose --engine --imgsz --precision --threads --device --delegate --json --images --split --against --per-class --strict" ;;
    bench) options="--model -h --help -v --verbose --engine --imgsz --threads --data --split --precision --device --delegate --rounds --seconds --html --cost-table --json" ;;
    profile) options="--model -h --help -v --verbose --engine --imgsz --precision --threads --device --delegate --json --source --compare --seconds --layers --cut --html" ;;
    doctor) options="-h --help -v --verbose --bench --json" ;;
    *) return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}
complete -o bashdefault -o default -F _octet octet octet-train
